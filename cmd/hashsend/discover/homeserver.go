package discover

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Homeserver returns the URL of the client API of a homeserver. A name is looked up with
// .well-known (Matrix client-server API, "Server discovery"); a URL is returned unchanged.
func Homeserver(ctx context.Context, client *http.Client, name string) string {
	name = strings.TrimRight(strings.TrimSpace(name), "/")
	if strings.Contains(name, "://") {
		return name
	}
	var file struct {
		Homeserver struct {
			BaseURL string `json:"base_url"`
		} `json:"m.homeserver"`
	}
	if err := getJSON(ctx, client, "https://"+name+"/.well-known/matrix/client", &file); err == nil {
		if u, err := url.Parse(file.Homeserver.BaseURL); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			return strings.TrimRight(file.Homeserver.BaseURL, "/")
		}
	}
	return "https://" + name
}

// Versions returns the newest version of the client API that a homeserver supports.
func Versions(ctx context.Context, client *http.Client, base string) (string, error) {
	var answer struct {
		Versions []string `json:"versions"`
	}
	if err := getJSON(ctx, client, base+"/_matrix/client/versions", &answer); err != nil {
		return "", fmt.Errorf("this isn't a Matrix homeserver: %w", err)
	}
	if len(answer.Versions) == 0 {
		return "", fmt.Errorf("this isn't a Matrix homeserver: it lists no versions")
	}
	return answer.Versions[len(answer.Versions)-1], nil
}

func getJSON(ctx context.Context, client *http.Client, at string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returned %s", at, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, largestFile)).Decode(into); err != nil {
		return fmt.Errorf("%s returned invalid JSON: %w", at, err)
	}
	return nil
}
