package receive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ErrSignature says that a request was signed with a secret of another app.
var ErrSignature = errors.New("Slack signed its request with a different secret: the Signing Secret is in the app's settings under Basic Information, “App Credentials”") //lint:ignore ST1005 a name

// Verify waits at cfg.Listen until Slack has sent a signed request, such as the one
// by which it verifies a Request URL, and answers it. If the signature is made with
// another secret, the error is ErrSignature. If ctx ends first, the error says that
// no request came.
func Verify(ctx context.Context, cfg Settings) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for Slack: %w", err)
	}
	came := make(chan error, 1)
	tell := func(err error) {
		select {
		case came <- err:
		default: // the first one counts
		}
	}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		switch {
		case err != nil || req.Header.Get("X-Slack-Signature") == "":
			http.Error(w, "this address only accepts requests from Slack", http.StatusUnauthorized)
		case !signed(cfg.SigningSecret, req.Header, body, time.Now()):
			http.Error(w, "the signature is wrong or old", http.StatusUnauthorized)
			tell(ErrSignature)
		default:
			if _, challenge, err := parseRequest(req.Header.Get("Content-Type"), body); err == nil && challenge != "" {
				w.Header().Set("Content-Type", "text/plain")
				io.WriteString(w, challenge) //nolint:errcheck // Slack asks again
			}
			tell(nil)
		}
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		srv.Serve(l) //nolint:errcheck // it ends with Shutdown
	}()
	select {
	case err = <-came:
	case <-ctx.Done():
		err = fmt.Errorf("no request arrived from Slack: does %s lead to %s?", cfg.URL, cfg.Listen)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = errors.Join(err, srv.Shutdown(end))
	<-served
	return err
}
