package calibrate

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
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
	// Busy is the share of the processors' time that something else took when the
	// measurement began, 0 to 1.
	Busy float64 `json:"busy"`
}

// Lines say for a person where a profile comes from, a fact a line.
func (p *Profile) Lines() []string {
	if len(p.Parameters) == 0 {
		return nil
	}
	from := &p.Provenance
	lines := []string{
		fmt.Sprintf("calibrated on %s by kafkasim %s, from healthy runs only", from.Date, from.Program),
		from.Machine.String(),
	}
	if kafka := from.brokers(); kafka != "" {
		lines = append(lines, kafka)
	}
	for i := range from.Runs {
		r := &from.Runs[i]
		lines = append(lines, fmt.Sprintf("%d × %s, result %.16s", r.Repetitions, r.Scenario, r.SHA256))
	}
	for i := range p.Parameters {
		q := &p.Parameters[i]
		line := fmt.Sprintf("%s %s within a factor of %.2f", q.Name, quantity(q.Name, q.After), q.Factor())
		if !q.Identified {
			line += ", not identified"
		}
		lines = append(lines, line)
	}
	for _, w := range p.Warnings {
		lines = append(lines, "warning: "+w)
	}
	return lines
}

// String is the machine in a line.
func (m Machine) String() string {
	return strings.Join(nonEmpty(m.Processor, fmt.Sprintf("%d cores", m.Cores), m.Memory, m.Kernel, m.System, m.Engine), ", ")
}

// brokers are what ran on it in a line, or "".
func (p *Provenance) brokers() string {
	kafka := nonEmpty(p.Kafka, p.Image, p.JVM)
	if len(kafka) == 0 {
		return ""
	}
	return "Kafka " + strings.Join(kafka, ", ")
}

func nonEmpty(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// ThisMachine is the one that the program runs on, as far as its kernel tells.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH}
	m.Processor = line("/proc/cpuinfo", "model name")
	if kibibytes, err := strconv.ParseFloat(strings.TrimSuffix(line("/proc/meminfo", "MemTotal"), " kB"), 64); err == nil {
		m.Memory = fmt.Sprintf("%.1f GiB", kibibytes/(1<<20))
	}
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
