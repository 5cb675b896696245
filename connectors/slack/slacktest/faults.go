package slacktest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Fault is an error in one call of a method.
type Fault struct {
	Status     int           // HTTP status; 0 with Cut: the connection breaks
	Error      string        // an error of the Web API such as missing_scope, instead of a status
	RetryAfter int           // seconds, with status 429
	After      bool          // the call has its effect all the same
	Cut        bool          // the connection breaks instead of an answer
	Delay      time.Duration // before the answer
}

// Break makes the next calls of a method fail, one for each fault.
func (s *Server) Break(method string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = append(s.faults[method], faults...)
}

// fault takes the fault of the next call of a method.
func (s *Server) fault(method string) (Fault, bool) {
	waiting := s.faults[method]
	if len(waiting) == 0 {
		return Fault{}, false
	}
	s.faults[method] = waiting[1:]
	return waiting[0], true
}

// before applies the fault before the method runs, and reports whether the method must
// not run.
func (f Fault) before(w http.ResponseWriter) bool {
	if f.After {
		return false
	}
	time.Sleep(f.Delay)
	return f.answer(w)
}

func (f Fault) after(w http.ResponseWriter) bool {
	if !f.After {
		return false
	}
	time.Sleep(f.Delay)
	return f.answer(w)
}

func (f Fault) answer(w http.ResponseWriter) bool {
	if f.Cut {
		panic(http.ErrAbortHandler)
	}
	if f.Error != "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		json.NewEncoder(w).Encode(reply{"ok": false, "error": f.Error}) //nolint:errcheck // the client may have gone
		return true
	}
	if f.Status == 0 {
		return false
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(f.Status)
	w.Write([]byte("<html>Something went wrong</html>")) //nolint:errcheck // the client may have gone
	return true
}

// Calls counts the calls of a method.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// Unlimited switches off the rate limits, for tests of speed and crashes.
func (s *Server) Unlimited() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlimited = true
}

// bucket counts calls.
type bucket struct {
	left float64
	at   time.Time
}

// limited refuses a call over the rate limit: the method's tier in the workspace, and
// one post a second with short bursts in a channel.
func (s *Server) limited(name string, tier int, channel string) error {
	if s.unlimited {
		return nil
	}
	if name == "chat.postMessage" {
		return s.take(name+"/"+channel, 1, 5)
	}
	if tier == 0 {
		return nil
	}
	return s.take(name, float64(tier)/60, float64(tier))
}

func (s *Server) take(key string, perSecond, burst float64) error {
	now := time.Now()
	b := s.buckets[key]
	if b == nil {
		b = &bucket{left: burst, at: now}
		s.buckets[key] = b
	}
	b.left = min(burst, b.left+now.Sub(b.at).Seconds()*perSecond)
	b.at = now
	if b.left < 1 {
		return &apiError{"ratelimited", map[string]any{"retry_after": max(1, int((1-b.left)/perSecond+0.99))}}
	}
	b.left--
	return nil
}
