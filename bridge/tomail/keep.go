package tomail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hashsend/bridge/core"
	"hashsend/bridge/outbox"
	"hashsend/bridge/retry"
	"hashsend/bridge/store"
)

// copyAwaited is how long to wait for our own copy.
const copyAwaited = 10 * time.Minute

// seeToCopy ensures a copy in the Sent folder if the provider does not store one.
func seeToCopy(w *core.Work, d store.Delivery, j MailJob, box *core.Box) error {
	if !j.SelfCopy || box == nil || box.Keeper == nil {
		return nil
	}
	return outbox.Enqueue(w, jobKeep, outbox.KeepLane(j.Box), w.Key("k", j.Mail), j, d.Raw, w.Now.Add(3*time.Second))
}

// deliverKeep ensures one copy of an email in the Sent folder. It moves our own copy there when
// it arrives, or else stores one.
func deliverKeep(ctx context.Context, e *core.Env, d store.Delivery) error {
	var j MailJob
	if err := json.Unmarshal([]byte(d.Data), &j); err != nil {
		return fmt.Errorf("decode delivery: %w", err)
	}
	id, err := "", error(nil)
	if box := e.Boxes[j.Box]; box != nil && box.Keeper != nil {
		id, err = keepCopy(ctx, e, d, j, box)
	}
	core.Failpoint("settle-keep:attempted")
	return e.Write(ctx, "settle-keep", func(w *core.Work) error {
		if err != nil {
			_, settle := outbox.Again(w, d, err, keepPatience)
			return settle
		}
		if id != "" && id != j.MessageID {
			if err := w.AddMailID(j.Mail, store.IDFinal, id); err != nil {
				return err
			}
		}
		return w.Done(d.ID)
	})
}

func keepCopy(ctx context.Context, e *core.Env, d store.Delivery, j MailJob, box *core.Box) (id string, err error) {
	since := d.Created.Add(-time.Hour)
	id, found, err := box.Keeper.AdoptSent(ctx, j.Trace, since)
	if err != nil || found {
		return id, err
	}
	if id, found, err = box.Keeper.FindSent(ctx, j.Trace, since); err != nil || found {
		return id, err
	}
	if e.Now().Sub(d.Created) < copyAwaited {
		return "", retry.After(errors.New("our own copy of the email has not arrived yet"), 15*time.Second)
	}
	return "", box.Keeper.KeepSent(ctx, outgoing(e, j, d.Raw), d.Created)
}
