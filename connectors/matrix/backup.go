package matrix

// SpentTables names the tables of Env.DB that a copy of it must not use: the sessions
// with which we write in encrypted rooms. A copy would count on from where it was made,
// and what two messages of a session have in common can be read; other programs refuse
// the second one. Without them new sessions are begun.
func SpentTables() []string {
	return []string{"crypto_megolm_outbound_session", "crypto_megolm_outbound_session_shared"}
}
