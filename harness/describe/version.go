package describe

import (
	"fmt"
	"regexp"
	"strings"
)

// versionOf is the behaviour version for brokers that seem to run software, with a
// finalized metadata.version, and how it was found.
func versionOf(software string, metadata int16) (version, why string) {
	release := metadataRelease(metadata)
	told := ""
	if metadata > 0 {
		told = fmt.Sprintf("; metadata.version is %d, of %s", metadata, release)
	}
	if found := regexp.MustCompile(`v(\d+\.\d+)`).FindStringSubmatch(software); found != nil {
		version, why = modelled(found[1])
		if why == "" {
			why = "by the requests that the brokers answer"
			if software != "v"+version {
				why += ", " + oneLine(software)
			}
		}
		return version, why + told
	}
	if metadata > 0 {
		version, why = modelled(release)
		if why == "" {
			why = "by its metadata.version"
		}
		return version, why + told
	}
	return "4.3", "a guess: the brokers do not tell"
}

// modelled is the nearest behaviour that is modelled, and a remark if that is
// another.
func modelled(release string) (version, remark string) {
	switch release {
	case "4.0", "4.1", "4.2", "4.3":
		return release, ""
	}
	if strings.HasPrefix(release, "4.") {
		return "4.3", "the cluster runs " + release + ", which is not modelled: the nearest that is"
	}
	return "4.0", "the cluster runs " + release + ", which is not modelled: the nearest that is"
}

// metadataRelease is the release that brought a level of metadata.version
// (server-common/.../MetadataVersion.java).
func metadataRelease(level int16) string {
	switch {
	case level <= 0:
		return ""
	case level < 22:
		return "3.x"
	case level < 26:
		return "4.0"
	case level < 28:
		return "4.1"
	case level < 30:
		return "4.2"
	case level == 30:
		return "4.3"
	default:
		return "4.4 or later"
	}
}
