package load

import "runtime/debug"

// kgoVersion is the version of franz-go that this program was built with.
func kgoVersion() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return "(unknown version)"
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/twmb/franz-go" {
			return m.Version
		}
	}
	return "(unknown version)"
}
