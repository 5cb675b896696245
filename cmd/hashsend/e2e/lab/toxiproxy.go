package lab

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"testing"
	"time"
)

// Faults is a running toxiproxy: links that can be cut, slowed and limited.
type Faults struct {
	*Process
	api string
}

// Link is a way to a server on which faults can be put. Clients connect to Port.
type Link struct {
	Port   int
	faults *Faults
	name   string
}

// Toxiproxy starts toxiproxy.
func Toxiproxy(t testing.TB) *Faults {
	t.Helper()
	server, port := tool(t, "server"), Port(t)
	f := &Faults{api: fmt.Sprintf("http://127.0.0.1:%d", port)}
	f.Process = start(t, "toxiproxy", func() *exec.Cmd {
		return exec.Command(server, "-host", "127.0.0.1", "-port", fmt.Sprint(port))
	})
	f.waitHTTP(f.api+"/version", 30*time.Second)
	return f
}

// Link makes a way to a port of this machine.
func (f *Faults) Link(name string, port int) *Link {
	f.t.Helper()
	l := &Link{Port: Port(f.t), faults: f, name: name}
	f.call(http.MethodPost, "/proxies", map[string]any{
		"name": name, "enabled": true,
		"listen": fmt.Sprintf("127.0.0.1:%d", l.Port), "upstream": fmt.Sprintf("127.0.0.1:%d", port),
	})
	return l
}

// Cut closes every connection and refuses new ones until Mend.
func (l *Link) Cut() { l.enable(false) }

// Mend lets connections through again after Cut.
func (l *Link) Mend() { l.enable(true) }

func (l *Link) enable(on bool) {
	l.faults.t.Helper()
	l.faults.call(http.MethodPost, "/proxies/"+l.name, map[string]any{"enabled": on})
}

// Toxic puts a fault on the link, also on connections that are open. kind is one
// of toxiproxy's (latency, bandwidth, timeout, reset_peer, limit_data, slicer);
// stream is "upstream" for what the client sends, "downstream" for what it gets.
// A timeout of 0 swallows everything and never closes: a black hole.
func (l *Link) Toxic(name, kind, stream string, attributes map[string]any) {
	l.faults.t.Helper()
	l.faults.call(http.MethodPost, "/proxies/"+l.name+"/toxics", map[string]any{"name": name, "type": kind, "stream": stream, "toxicity": 1, "attributes": attributes})
}

// Heal takes a fault away again.
func (l *Link) Heal(name string) {
	l.faults.t.Helper()
	l.faults.call(http.MethodDelete, "/proxies/"+l.name+"/toxics/"+name, nil)
}

func (f *Faults) call(method, path string, body any) {
	f.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequest(method, f.api+path, bytes.NewReader(text))
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		f.t.Fatalf("tell toxiproxy: %v", err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	if resp.StatusCode >= 300 {
		answer, _ := io.ReadAll(resp.Body)
		f.t.Fatalf("tell toxiproxy %s: %s: %s", path, resp.Status, answer)
	}
}
