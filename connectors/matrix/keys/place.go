package keys

import (
	"database/sql"

	"maunium.net/go/mautrix/id"
)

// Place says where the keys are kept.
type Place struct {
	DB     *sql.DB // a file of its own beside the database; nil: nowhere
	Secret []byte  // encrypts the keys in DB; empty: nowhere
	Name   string  // of the connection: several may share DB
	Bot    id.UserID
}

// SpentTables names the tables of Place.DB that must not be used in a copy of it: the
// sessions with which we encrypt. A copy would repeat what the original encrypts after
// it was made: the two messages could be compared, and other programs reject the second.
// Without these tables new sessions are started.
func SpentTables() []string {
	return []string{"crypto_megolm_outbound_session", "crypto_megolm_outbound_session_shared"}
}
