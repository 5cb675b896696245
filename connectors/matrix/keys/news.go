// Package keys is the end-to-end encryption of Matrix: the bridge's own device with its
// keys, which encrypts and decrypts what is posted in encrypted rooms. Built without the
// tag goolm it can do neither, and says so.
package keys

import (
	"encoding/json"

	"maunium.net/go/mautrix/id"
)

// News is what a homeserver tells our device about keys, beside events.
type News struct {
	ToDevice struct {
		Events []json.RawMessage `json:"events"`
	} `json:"to_device"`
	DeviceLists struct {
		Changed []id.UserID `json:"changed"`
	} `json:"device_lists"`
	KeyCounts map[string]int `json:"device_one_time_keys_count"`
}

// Pushed is what a homeserver pushes to an application service about keys (MSC2409,
// MSC3202), under the names of the drafts or of the standard. A part of the wrong type
// counts as absent.
type Pushed struct {
	ToDevice    lenient[[]json.RawMessage]   `json:"to_device"`
	DraftDevice lenient[[]json.RawMessage]   `json:"de.sorunome.msc2409.to_device"`
	Lists       lenient[changedLists]        `json:"device_lists"`
	DraftLists  lenient[changedLists]        `json:"org.matrix.msc3202.device_lists"`
	Counts      lenient[map[id.UserID]count] `json:"device_one_time_keys_count"`
	DraftCounts lenient[map[id.UserID]count] `json:"org.matrix.msc3202.device_one_time_keys_count"`
}

// lenient is a value that is empty where it cannot be read.
type lenient[T any] struct{ v T }

func (l *lenient[T]) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &l.v); err != nil {
		var none T
		l.v = none
	}
	return nil
}

type changedLists struct {
	Changed []id.UserID `json:"changed"`
}

// count is how many keys of each kind the devices of a user have.
type count map[id.DeviceID]map[string]int

// News is the part of it that concerns the bot.
func (p Pushed) News(bot id.UserID) (n News) {
	n.ToDevice.Events = append(p.ToDevice.v, p.DraftDevice.v...)
	n.DeviceLists.Changed = append(p.Lists.v.Changed, p.DraftLists.v.Changed...)
	for _, devices := range []count{p.Counts.v[bot], p.DraftCounts.v[bot]} {
		if len(devices) == 1 {
			for _, keys := range devices {
				n.KeyCounts = keys
			}
		}
	}
	return n
}
