package reply_test

import (
	"testing"

	"hashsend/bridge/reply"
)

// BenchmarkShared extracts from the shared set of answers: mails and bytes of
// decoded bodies per second.
func BenchmarkShared(b *testing.B) {
	for _, kind := range []string{"plain", "html", "all"} {
		b.Run(kind, func(b *testing.B) {
			var mails []reply.Mail
			size := 0
			for _, c := range readCases(b) {
				if c.Kind == kind || kind == "all" {
					m := input(b, c.eml)
					if c.Kind == "plain" {
						m.HTML = ""
					}
					mails = append(mails, m)
					size += len(m.Text) + len(m.HTML)
				}
			}
			b.SetBytes(int64(size / len(mails)))
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				reply.Extract(mails[i%len(mails)])
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
