// Package tidy tests the house rules that no linter sees: which way the arrows
// between our packages point, what the core reaches through other people's
// modules, that nothing ranges over a map into an order, that no replication
// starts a goroutine, and how long a file may be.
//
// It holds tests only; ARCHITECTURE.md gives the reasons.
package tidy
