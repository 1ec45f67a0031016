package main

import (
	"fmt"
	"regexp"

	"github.com/spf13/cobra"
)

// flagError says of a flag with an impossible value what would be possible. The
// flags' own words end in those of the function that parsed it.
func flagError(cmd *cobra.Command, err error) error {
	parts := regexp.MustCompile(`(?s)^invalid argument "(.*)" for "(?:-., )?--([a-z-]+)" flag: `).FindStringSubmatch(err.Error())
	if parts == nil {
		return usage(err)
	}
	flag := cmd.Flags().Lookup(parts[2])
	if flag == nil {
		return usage(err)
	}
	switch flag.Value.Type() {
	case "uint64":
		err = fmt.Errorf("--%s %s: write a whole number from 0 to 18446744073709551615", flag.Name, parts[1])
	case "int":
		err = fmt.Errorf("--%s %s: write a whole number", flag.Name, parts[1])
	case "bool":
		err = fmt.Errorf("--%s %s: write true or false, or the flag alone", flag.Name, parts[1])
	}
	return usage(err)
}
