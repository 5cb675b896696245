// Package page tries the demo in a real browser, as a newcomer would.
package page

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
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

// visitor is somebody with a browser on the page.
type visitor struct {
	t       *testing.T
	browser context.Context
}

func (v visitor) do(what string, action chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.browser, action); err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
}

// until waits until an expression is true.
func (v visitor) until(what, expression string) {
	v.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		ok, err := chromedp.Run(v.browser, chromedp.Evaluate[bool](expression))
		if err != nil {
			v.t.Fatalf("%s: %v", what, err)
		}
		if ok {
			return
		}
		if time.Now().After(end) {
			text, err := chromedp.Run(v.browser, chromedp.Evaluate[string]("document.body.innerText"))
			v.t.Fatalf("%s: waited in vain for %s; the page says (%v)\n%s", what, expression, err, text)
		}
	}
}

func (v visitor) shows(what, selector, text string) {
	v.t.Helper()
	v.until(what, `[...document.querySelectorAll("`+selector+`")].some(e => e.innerText.includes("`+text+`"))`)
}

// types writes a text in a field, and sends it.
func (v visitor) types(selector, text string) {
	v.t.Helper()
	v.do("type "+text, chromedp.SendKeys(selector, text+"\r"))
}

// script does something as the page's own programs can.
func (v visitor) script(what, program string) {
	v.t.Helper()
	v.do(what, chromedp.Evaluate[chromedp.Void](program))
}

// visit opens the demo in a new browser; stop ends both and returns what the demo printed.
func visit(t *testing.T) (v visitor, url string, stop func() string) {
	path := chromium(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	address := make(chan string, 1)
	done := make(chan error, 1)
	var out bytes.Buffer
	demoCtx, end := context.WithCancel(ctx)
	go func() {
		done <- demo.Run(demoCtx, demo.Options{Dir: t.TempDir(), Listen: "127.0.0.1:0", Out: &out, Started: func(a string) { address <- a }})
	}()
	select {
	case url = <-address:
	case err := <-done:
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1360, 860),
		chromedp.Flag("blink-settings", "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"), // a mouse
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-quic", true))
	alloc, cancelAlloc := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancelAlloc)
	browser, cancelBrowser := chromedp.NewContext(alloc)
	v = visitor{t, browser}
	v.do("open the page", chromedp.Navigate(url))
	v.shows("the page is live", "#live", "Connected")
	return v, url, func() string {
		cancelBrowser()
		end()
		if err := <-done; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
		return out.String()
	}
}

// message finds the message in the room that holds a text.
func message(text string) string {
	return `[...document.querySelectorAll("#messages li")].find(l => l.innerText.includes("` + text + `"))`
}

func TestDemoInBrowser(t *testing.T) {
	v, url, stop := visit(t)
	v.shows("the room says that it is read", "#sign", "1 person reads this room by email")
	v.types("#said", "Hello Ann! We are planning the party for Saturday. Can you come?")
	v.shows("the mail on the right", "#mails", "#Send Garden party")
	v.shows("it is opened", "#subject", "#Send Garden party")
	v.shows("what the bridge does", "#steps", "submitted")
	v.types("#written", "With pleasure. Shall I bring my grandmother's lemon cake?")
	v.shows("the answer on the left", "#messages", "lemon cake")
	v.until("the quote stays away", `!document.querySelector("#messages").innerText.includes("wrote:")`)
	v.do("a second person speaks", chromedp.SetValue("#author", "Bob"))
	v.types("#said", "Yes please! I take care of the music.")
	v.shows("Bob's mail on the right", "#mails", "Bob (Acme)")
	v.until("Bob's mail is opened", `document.querySelector("#answering").textContent.includes("Bob")`)
	frame, err := chromedp.Run(v.browser, chromedp.Evaluate[string](`fetch(document.querySelector("#shown").src).then(r => r.text())`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(frame, "take care of the music") || strings.Contains(frame, "<script") || strings.Contains(frame, "http://") {
		t.Errorf("the mail is %.300q", frame)
	}
	if out := stop(); !strings.Contains(out, url) {
		t.Errorf("the demo printed %q", out)
	}
}

// TestDeedsInBrowser does what else people do: show a picture, react by mail, edit,
// answer a message, delete.
func TestDeedsInBrowser(t *testing.T) {
	v, _, stop := visit(t)
	v.types("#said", "Shall I bring the music?")
	v.shows("it is there", "#messages", "bring the music")
	photo := filepath.Join(t.TempDir(), "garden.png")
	drawGarden(t, photo)
	v.do("choose a picture", chromedp.SetUploadFiles("#said-files", []string{photo}))
	v.shows("it is named before it is sent", "#said-chosen", "garden.png")
	v.types("#said", "This is where we sit")
	v.until("the room shows it", `[...document.querySelectorAll("#messages img")].some(i => i.alt == "garden.png" && i.naturalWidth == 640)`)
	v.shows("the mail has it", "#mail-files", "garden.png")
	v.do("react by mail", chromedp.Click("#like"))
	v.until("the reaction is at its message", message("where we sit")+`.querySelector(".sign-react")`+" != null")
	v.script("edit", message("bring the music")+`.querySelector("[title=Edit]").click()`)
	v.shows("the form says so", "#where", "Editing")
	v.script("the old text is chosen", `document.querySelector("#said").select()`)
	v.types("#said", "I bring the music and the lamps.")
	v.shows("the room shows the edit", "#messages", "and the lamps")
	v.types("#written", "Wonderful, then I bring a lemon cake.")
	v.shows("the answer on the left", "#messages", "lemon cake")
	v.script("answer", message("lemon cake")+`.querySelector("[title='Reply to this message']").click()`)
	v.types("#said", "The best there is!")
	v.shows("the room shows what is answered", "#messages .quote", "lemon cake")
	v.shows("so does the mail", "#mails", "The best there is")
	v.types("#said", "oops, wrong room")
	v.shows("it is there", "#messages", "wrong room")
	v.script("delete", message("wrong room")+`.querySelector("[title=Delete]").click()`)
	v.until("it is gone", `!document.querySelector("#messages").innerText.includes("wrong room")`)
	v.do("somebody else", chromedp.SetValue("#author", "Bob"))
	v.script("react", message("The best")+`.querySelector("[title='React with ❤️']").click()`)
	v.until("the reaction is there", message("The best")+`.querySelector(".sign-react")`+" != null")
	v.picture()
	stop()
}

// picture writes what the browser shows to the file of -picture, if there is one.
func (v visitor) picture() {
	if *picture == "" {
		return
	}
	v.do("settle", chromedp.Sleep(700*time.Millisecond))
	shot, err := chromedp.Run(v.browser, chromedp.CaptureScreenshot())
	if err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(*picture, shot, 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// drawGarden makes a picture of some size.
func drawGarden(t *testing.T, path string) {
	img := image.NewRGBA(image.Rect(0, 0, 640, 360))
	for y := range 360 {
		for x := range 640 {
			c := color.RGBA{uint8(120 + y/4), uint8(180 + y/8), 240, 255}
			if hill := 220 + int(40*math.Sin(float64(x)/90)); y > hill {
				c = color.RGBA{60, uint8(170 - (y-hill)/3), 80, 255}
			}
			if (x-520)*(x-520)+(y-80)*(y-80) < 1600 {
				c = color.RGBA{255, 214, 80, 255}
			}
			img.Set(x, y, c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
}
