package image

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"kafkasim/harness/engine"
)

// stocked is an engine with these images, by name with their labels, that can
// pull those of pullable.
func stocked(t *testing.T, images map[string]map[string]string, pullable ...string) *engine.Engine {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Ostype", "linux")
		w.Header().Set("Content-Type", "application/json")
		path := r.URL.Path
		switch {
		case strings.HasSuffix(path, "/info"):
			_, _ = io.WriteString(w, "{}")
		case strings.HasSuffix(path, "/images/create"):
			name := strings.TrimPrefix(r.URL.Query().Get("fromImage"), "docker.io/") + ":" + r.URL.Query().Get("tag")
			if slices.Contains(pullable, name) {
				images[name] = nil
				return
			}
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message": "no registry answers"}`)
		case strings.Contains(path, "/images/"):
			_, name, _ := strings.Cut(strings.TrimSuffix(path, "/json"), "/images/")
			labels, ok := images[name]
			if !ok {
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{"message": "no such image"}`)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + name, "Config": map[string]any{"Labels": labels}})
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
	e, err := engine.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func TestResolve(t *testing.T) {
	own := func(version string) map[string]string {
		return map[string]string{recipeLabel: "abc", versionLabel: version}
	}
	for _, c := range []struct {
		name     string
		images   map[string]map[string]string
		pullable []string
		asked    string
		want     Image
		problem  string
	}{
		{
			name:   "ours is taken where it is there",
			images: map[string]map[string]string{"kafkasim/kafka:4.3.1": own("4.3.1"), "apache/kafka:4.3.1": nil},
			want:   Image{Name: "kafkasim/kafka:4.3.1", Kafka: "4.3.1", Tools: true, Sidecar: "kafkasim/kafka:4.3.1"},
		},
		{
			name:     "else the official one is pulled",
			images:   map[string]map[string]string{},
			pullable: []string{"apache/kafka:4.3.1"},
			want:     Image{Name: "apache/kafka:4.3.1", Kafka: "4.3.1", Sidecar: "apache/kafka:4.3.1"},
		},
		{
			name:   "the official one by name borrows our tools",
			images: map[string]map[string]string{"kafkasim/kafka:4.3.1": own("4.3.1"), "apache/kafka:4.3.1": nil},
			asked:  "apache/kafka:4.3.1",
			want:   Image{Name: "apache/kafka:4.3.1", Kafka: "4.3.1", Tools: true, Sidecar: "kafkasim/kafka:4.3.1"},
		},
		{
			name:   "the label says what a tag does not",
			images: map[string]map[string]string{"own:latest": own("4.2.1")},
			asked:  "own:latest",
			want:   Image{Name: "own:latest", Kafka: "4.2.1", Tools: true, Sidecar: "own:latest"},
		},
		{
			name:    "neither can be had",
			images:  map[string]map[string]string{},
			problem: "there is no image of Kafka 4.3.1: kafkasim/kafka:4.3.1 is not there (`make kafka-image KAFKA_VERSION=4.3.1` builds it) and apache/kafka:4.3.1 cannot be had: ",
		},
		{
			name:    "the one asked for cannot be had",
			images:  map[string]map[string]string{"kafkasim/kafka:4.3.1": own("4.3.1")},
			asked:   "own:latest",
			problem: "the image own:latest cannot be had: ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Resolve(t.Context(), stocked(t, c.images, c.pullable...), c.asked, "4.3.1")
			if c.problem != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.problem) {
					t.Errorf("got %v, want %q", err, c.problem)
				}
				return
			}
			c.want.ID = "sha256:" + c.want.Name
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestVersionInName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"apache/kafka:4.3.1": "4.3.1", "registry:5000/apache/kafka:4.0.2-rc1": "4.0.2", "apache/kafka": "", "apache/kafka:latest": "",
		"registry:5000/apache/kafka": "", "kafka:4.3": "", "kafka:4.x.1": "", "kafka:4.3.1@sha256:00": "4.3.1",
	} {
		if got := versionIn(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
