package console

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts what the bridge does, for Prometheus. It implements core.Metrics.
type Metrics struct {
	registry *prometheus.Registry
	steps    *prometheus.CounterVec
	took     *prometheus.HistogramVec
}

// NewMetrics returns counters in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		steps:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hashsend_steps_total", Help: "Steps taken with messages, by kind."}, []string{"kind"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hashsend_delivery_seconds", Help: "Duration of a delivery, by kind.", Buckets: prometheus.ExponentialBuckets(0.002, 2.5, 10),
		}, []string{"kind"}),
	}
	m.registry.MustRegister(m.steps, m.took, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Count adds n to a counter.
func (m *Metrics) Count(name string, n int64) { m.steps.WithLabelValues(name).Add(float64(n)) }

// Observe records a duration.
func (m *Metrics) Observe(name string, d time.Duration) {
	m.took.WithLabelValues(name).Observe(d.Seconds())
}
