package wire

import (
	"encoding/json"
	"testing"
	"time"
)

// A ts keeps its microseconds; text that is not a moment has none.
func TestMoments(t *testing.T) {
	for _, ts := range []string{"1700000000.000100", "1355517523.000005", "1.000001"} {
		if got := Stamp(When(ts)); got != ts {
			t.Errorf("%s became %s", ts, got)
		}
	}
	for _, ts := range []string{"", "x", "-1.5", "0", "1e300", "NaN"} {
		if got := When(ts); !got.IsZero() {
			t.Errorf("%q is %s, want no moment", ts, got)
		}
	}
	if got := When("1700000000.5"); !got.Equal(time.Unix(1700000000, 5e8)) {
		t.Errorf("half a second is %s", got)
	}
}

func TestMessageIDs(t *testing.T) {
	if channel, ts := Split(MessageID("C1", "17.1")); channel != "C1" || ts != "17.1" {
		t.Errorf("it is taken apart as %q and %q", channel, ts)
	}
	if channel, ts := Split("elsewhere"); channel != "elsewhere" || ts != "" {
		t.Errorf("an id without a ts is taken apart as %q and %q", channel, ts)
	}
}

// Messages of ours are found by the key in their metadata, files by that in a block.
func TestKeys(t *testing.T) {
	for event, want := range map[string]bool{
		`{"metadata":{"event_type":"hashsend_mail","event_payload":{"key":"k1"}}}`: true,
		`{"metadata":{"event_type":"hashsend_mail","event_payload":{"key":"k2"}}}`: false,
		`{"metadata":{"event_type":"hashsend_mail","event_payload":{"key":7}}}`:    false,
		`{"metadata":{"event_type":"another","event_payload":{"key":"k1"}}}`:       false,
		`{"files":[{"id":"F1"}],"blocks":[{"block_id":"x"},{"block_id":"hs.k1"}]}`: true,
		`{"files":[{"id":"F1"}],"blocks":[{"block_id":"hs.k2"}]}`:                  false,
		`{"files":[{"id":"F1"}],"blocks":"odd"}`:                                   false,
		`{"blocks":[{"block_id":"hs.k1"}]}`:                                        false, // people's blocks have such ids, too
	} {
		e, err := Read(json.RawMessage(event))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.HasKey("k1"); got != want {
			t.Errorf("%s has the key: %v, want %v", event, got, want)
		}
		if e.HasKey("") {
			t.Errorf("%s has an empty key", event)
		}
	}
	if BlockID("k1") != "hs.k1" {
		t.Errorf("the id of a block is %s", BlockID("k1"))
	}
}

// A field of an unexpected type costs nothing but itself.
func TestOddFields(t *testing.T) {
	e, err := Read(json.RawMessage(`{"type":"message","channel":{"id":"C1","name":"x"},"user":["U1"],"user_team":{},"user_profile":{"team":"T2"},"source_team":"T3","ts":"17.1","edited":"no"}`))
	if err != nil || e.Where() != "C1" || e.Who() != "" || e.Home() != "T2" || e.TS != "17.1" || (e.Edited != nil && e.Edited.TS != "") {
		t.Errorf("it reads as %+v, %v", e, err)
	}
	if _, err := Read(json.RawMessage(`{"type":`)); err == nil {
		t.Error("half an event was read")
	}
}
