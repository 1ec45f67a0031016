package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is this program's. It stands in every result: the same scenario, seed
// and version give the same bytes, so it changes when a result does.
const version = "0.1.0"

func (s *session) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(s.stdout, "kafkasim %s\n%s %s/%s\n%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH, commitLine())
			return err
		},
	}
}

// commitLine says which commit the program was built from, or nothing where the
// build did not record it.
func commitLine() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return ""
	}
	var revision, changed string
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			revision = setting.Value
		case "vcs.modified":
			if setting.Value == "true" {
				changed = " with changes that are not committed"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return fmt.Sprintf("commit %s%s\n", revision, changed)
}
