package calibrate

import (
	"os"
	"runtime"
	"strings"
	"time"
)

// Provenance says what a profile was found on, with what, and when.
type Provenance struct {
	Date        string  `json:"date"` // of the measurement, as in 2026-01-31
	Program     string  `json:"kafkasim"`
	Machine     Machine `json:"machine"`
	Kafka       string  `json:"kafka,omitempty"`       // version
	Image       string  `json:"image,omitempty"`       // of the brokers, by name
	JVM         string  `json:"jvm,omitempty"`         // options of the brokers
	Base        string  `json:"base"`                  // the profile that the fit began with
	Seed        uint64  `json:"seed"`                  // of the simulations
	Simulations int     `json:"simulations,omitempty"` // that the fit took
	Runs        []Run   `json:"runs"`
}

// A Run is a measurement that a profile was fitted to.
type Run struct {
	Scenario    string   `json:"scenario"`
	SpecSHA256  string   `json:"spec_sha256"`
	Repetitions int      `json:"repetitions"`
	SHA256      string   `json:"sha256"` // of the measured result, as JSON
	Warnings    []string `json:"warnings,omitempty"`
}

// Machine is the computer that everything ran on.
type Machine struct {
	Processor string `json:"processor,omitempty"` // its model
	Cores     int    `json:"cores"`
	Memory    string `json:"memory,omitempty"`
	Kernel    string `json:"kernel,omitempty"`
	System    string `json:"system"`           // operating system and architecture
	Engine    string `json:"engine,omitempty"` // that runs the containers
}

// ThisMachine is the one that the program runs on, as far as its kernel tells.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	m.Processor = line("/proc/cpuinfo", "model name")
	m.Memory = line("/proc/meminfo", "MemTotal")
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	return m
}

// line is what a file of the kernel says after a name and a colon, or "".
func line(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(l, ":"); found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// today is the date of a measurement that is made now.
func today() string { return time.Now().UTC().Format(time.DateOnly) }
