// Package page tries the demo in a real browser, as a newcomer would.
package page

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hashsend/cmd/hashsend/demo"
)

var picture = flag.String("picture", "", "write a picture of the page to this file")

// chromium finds Debian's browser. lab.Need is not used: this package needs no
// other server.
func chromium(t *testing.T) string {
	path, err := exec.LookPath("chromium")
	if err == nil {
		return path
	}
	if os.Getenv("HASHSEND_E2E_REQUIRE") != "" {
		t.Fatal("chromium (Debian) is missing")
	}
	t.Skip("skipped: needs chromium (Debian); .ci/run installs it")
	return ""
}

func TestDemoInBrowser(t *testing.T) {
	path := chromium(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	address := make(chan string, 1)
	done := make(chan error, 1)
	var out bytes.Buffer
	demoCtx, stop := context.WithCancel(ctx)
	go func() {
		done <- demo.Run(demoCtx, demo.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Out: &out, Started: func(a string) { address <- a }})
	}()
	var url string
	select {
	case url = <-address:
	case err := <-done:
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1360, 800),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true))
	alloc, cancelAlloc := chromedp.NewExecAllocator(ctx, opts...)
	defer cancelAlloc()
	browser, cancelBrowser := chromedp.NewContext(alloc)
	defer cancelBrowser()

	do := func(what string, action chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(browser, action); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	until := func(what, expression string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			ok, err := chromedp.Run(browser, chromedp.Evaluate[bool](expression))
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if ok {
				return
			}
			if time.Now().After(end) {
				text, err := chromedp.Run(browser, chromedp.Evaluate[string]("document.body.innerText"))
				t.Fatalf("%s: waited in vain for %s; the page says (%v)\n%s", what, expression, err, text)
			}
		}
	}
	shows := func(what, selector, text string) {
		t.Helper()
		until(what, `document.querySelector("`+selector+`").innerText.includes("`+text+`")`)
	}
	types := func(selector, text string) {
		t.Helper()
		do("type "+text, chromedp.SendKeys(selector, text+"\r"))
	}
	do("open the page", chromedp.Navigate(url))
	shows("the page is live", "#live", "live")
	shows("the room says that it is read", "#sign", "1 person by email")
	types("#said", "Hello Ann! We are planning the party for Saturday. Can you come?")
	shows("the mail on the right", "#mails", "#Send Garden party")
	shows("it is opened", "#subject", "#Send Garden party")
	shows("what the bridge does", "#steps", "submitted")
	types("#written", "With pleasure. Shall I bring my grandmother's lemon cake?")
	shows("the answer on the left", "#messages", "lemon cake")
	until("the quote stays away", `!document.querySelector("#messages").innerText.includes("wrote:")`)
	do("a second person speaks", chromedp.SetValue("#author", "Bob"))
	types("#said", "Yes please! I take care of the music.")
	shows("Bob's mail on the right", "#mails", "Bob (Acme)")
	until("Bob's mail is opened", `document.querySelector("#answering").textContent.includes("Bob")`)
	frame, err := chromedp.Run(browser, chromedp.Evaluate[string](`fetch(document.querySelector("#shown").src).then(r => r.text())`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(frame, "take care of the music") || strings.Contains(frame, "<script") || strings.Contains(frame, "http://") {
		t.Errorf("the mail is %.300q", frame)
	}
	if *picture != "" {
		do("settle", chromedp.Sleep(700*time.Millisecond))
		png, err := chromedp.Run(browser, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*picture, png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cancelBrowser()
	stop()
	if err := <-done; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	if !strings.Contains(out.String(), url) {
		t.Errorf("the demo printed %q", out.String())
	}
}
