// Package host is the machine under a broker or a client as shared resources:
// processors (Pool), network links (Link), disks with a write-back page cache
// (Disk), and all of them for a cluster's brokers (Machines).
//
// Each resource is a small flat value that a copy forks, allocates nothing and
// schedules no events: whoever asks for work at an instant is told at once when
// it will be done, because what is ahead of it is known (first come, first
// served) or flows (the page cache). Resources are exact for requests in the order
// of time; one that is late is served as if it came when its resource was last
// asked for.
package host
