package engine

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// answering is an engine that says what an answer per path tells it to.
func answering(t *testing.T, headers map[string]string, info string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if strings.HasSuffix(r.URL.Path, "/info") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, info)
		}
	}))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
}

func TestConnectSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    string
	}{
		{"too old", map[string]string{"Api-Version": "1.24", "Ostype": "linux"}, "the container engine is too old (1.24); Docker 20.10 or later is needed"},
		{"Windows", map[string]string{"Api-Version": "1.41", "Ostype": "windows"}, "the container engine runs windows containers; Linux containers are needed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answering(t, c.headers, "{}")
			_, err := Connect(t.Context())
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no.sock"))
		_, err := Connect(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "no container engine answers; start Docker, or name another engine in DOCKER_HOST: ") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no address", func(t *testing.T) {
		t.Setenv("DOCKER_HOST", "here")
		_, err := Connect(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "DOCKER_HOST=here does not name a container engine: ") {
			t.Errorf("got %v", err)
		}
	})
}

func TestConnectReadsWhoAnswers(t *testing.T) {
	answering(t, map[string]string{"Api-Version": "1.41", "Ostype": "linux"},
		`{"ServerVersion": "20.10.24", "KernelVersion": "6.1.0", "NCPU": 2, "MemTotal": 8589934592, "CgroupVersion": "1"}`)
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if got, want := e.String(), "engine 20.10.24, kernel 6.1.0, 2 CPUs, 8192 MiB of memory"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if e.API != "1.41" || e.Cgroups != "1" {
		t.Errorf("interface %q, cgroups %q", e.API, e.Cgroups)
	}
}

func TestExplainKeepsTheCause(t *testing.T) {
	t.Parallel()
	if err := Explain(nil); err != nil {
		t.Errorf("nothing is wrong, and yet %v", err)
	}
	for _, c := range []struct{ text, want string }{
		{"write /var/lib/docker/x: no space left on device", "the disk of the container engine is full"},
		{"Bind for 127.0.0.1:4000 failed: port is already allocated", "a port of this machine is taken"},
		{"dial unix /var/run/docker.sock: connect: permission denied", "does not let this user in"},
		{"fork/exec: cannot allocate memory", "not enough memory"},
		{"something new", "something new"},
	} {
		cause := errors.New(c.text)
		err := Explain(fmt.Errorf("it failed: %w", cause))
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q becomes %q, want %q and the cause in it", c.text, err, c.want)
		}
	}
}
