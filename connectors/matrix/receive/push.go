package receive

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"hashsend/bridge/chat"
	"hashsend/connectors/matrix/keys"
)

// maxPush is how many bytes a push may have: a homeserver sends at most 100 events of
// 64 KiB.
const maxPush = 16 << 20

// handler is the application service API: transactions, and queries for users and rooms.
func (r *Receiver) handler(handle chat.Handler) http.Handler {
	mux := http.NewServeMux()
	push := func(w http.ResponseWriter, req *http.Request) { r.push(w, req, handle) }
	mux.HandleFunc("PUT /_matrix/app/v1/transactions/{txn}", push)
	mux.HandleFunc("PUT /transactions/{txn}", push) // homeservers try this if the first is not there
	mux.HandleFunc("POST /_matrix/app/v1/ping", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, struct{}{}) })
	mux.HandleFunc("GET /_matrix/app/v1/users/{user}", func(w http.ResponseWriter, req *http.Request) {
		if req.PathValue("user") == string(r.reader.Bot) {
			respond(w, http.StatusOK, struct{}{})
			return
		}
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "there is no such user") // ghosts are created when they first speak
	})
	mux.HandleFunc("GET /_matrix/app/v1/rooms/{alias}", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "M_NOT_FOUND", "there is no such room")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "M_UNRECOGNIZED", "unknown request")
	})
	return r.authorised(mux)
}

// authorised lets through only requests with the homeserver's token.
func (r *Receiver) authorised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		token, there := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		if !there {
			token = req.URL.Query().Get("access_token")
		}
		switch {
		case token == "":
			refuse(w, http.StatusUnauthorized, "M_MISSING_TOKEN", "the token is missing")
		case subtle.ConstantTimeCompare([]byte(token), []byte(r.service.Token)) != 1:
			refuse(w, http.StatusForbidden, "M_FORBIDDEN", "the token is wrong")
		default:
			next.ServeHTTP(w, req)
		}
	})
}

func respond(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // the homeserver repeats a push without an answer
}

func refuse(w http.ResponseWriter, code int, errcode, text string) {
	respond(w, code, map[string]string{"errcode": errcode, "error": text})
}

// notStored has the homeserver push again.
func notStored(w http.ResponseWriter) {
	refuse(w, http.StatusInternalServerError, "M_UNKNOWN", "not stored yet, send it again")
}

// transaction is the body of a push.
type transaction struct {
	Events    []json.RawMessage `json:"events"`
	Ephemeral []json.RawMessage `json:"ephemeral"`
	Unstable  []json.RawMessage `json:"de.sorunome.msc2409.ephemeral"`
	keys.Pushed
}

// push takes in one transaction. It answers 200 only when all of it is on disk; until then
// the homeserver sends it again.
func (r *Receiver) push(w http.ResponseWriter, req *http.Request, handle chat.Handler) {
	fresh := first(req)
	var body transaction
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxPush)).Decode(&body); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			refuse(w, http.StatusRequestEntityTooLarge, "M_TOO_LARGE", "the transaction is too large")
			return
		}
		refuse(w, http.StatusBadRequest, "M_NOT_JSON", "the transaction is not a JSON object with events")
		return
	}
	ctx := req.Context()
	events, err := r.keys.Take(ctx, body.News(r.reader.Bot))
	if err != nil {
		r.log.Error("couldn't take in keys that the homeserver pushed", "error", err)
		notStored(w)
		return
	}
	events = append(events, r.events(ctx, "", body.Events)...)
	if slices.ContainsFunc(events, func(e chat.Event) bool { _, is := e.(chat.Deleted); return is }) {
		r.pushed.Store(true)
	}
	if body.Ephemeral == nil {
		body.Ephemeral = body.Unstable
	}
	events = append(events, r.ephemerals("", body.Ephemeral)...)
	if err := r.takeIn(ctx, req.PathValue("txn"), wasLate(body.Events), fresh, events, handle); err != nil {
		r.log.Error("couldn't take in a push of the homeserver", "error", err)
		notStored(w)
		return
	}
	respond(w, http.StatusOK, struct{}{})
}
