package calibrate

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// A Profile is a machine as a calibration found it.
type Profile struct {
	Hardware   scenarios.Hardware
	Parameters []Parameter
	// Covariance is that of the parameters, in their order, each on the scale of its
	// logarithm.
	Covariance [][]float64
	Points     []Point
	Provenance Provenance
	Warnings   []string
}

// A Parameter is a figure of a profile that the calibration found: a time in ns,
// under a name that ends in _spread the standard deviation of the logarithms of a
// law's values, or cpu_idle, a number of processors.
type Parameter struct {
	Name   string  `json:"name"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// Deviation is the standard error of the logarithm of After.
	Deviation float64 `json:"deviation"`
	Source    Source  `json:"source"`
	Readings  int     `json:"readings,omitempty"` // of one that was read
	// Identified says that the measurements rule it, and not what was thought
	// before: they took away at least three quarters of its variance.
	Identified bool `json:"identified"`
}

// Source is where a figure comes from.
type Source string

// The sources of a figure.
const (
	Fitted  Source = "fitted" // to healthy latencies, by simulating them
	ReadOff Source = "read"   // off the cluster, without a model
)

// Factor is by what a figure may be off to both sides at 95 %: 1.2 is 20 %.
func (p *Parameter) Factor() float64 { return math.Exp(1.96 * p.Deviation) }

// farthest is how many standard errors a draw leaves the profile at most: what is
// beyond was never simulated.
const farthest = 3

// lifeSpread is by how much one life of a cluster differs from the next on the same
// machine: the standard deviation of the logarithms of what its requests cost. What a
// compiler made of the code, where threads and memory came to lie, and what else the
// host was doing stay for a life. It is a judgement: the medians of three calibrations on
// two cores of a shared host differed by some per cent, by 20 % where the host had been
// busy, and latencies less the linger time by up to 17 % between two lives that ran the
// same scenario. Lives have not been measured for their own sake.
const lifeSpread = 0.1

// ofLife says whether a figure differs from life to life: what processors do.
func ofLife(name string) bool {
	switch name {
	case "cpu_per_request", "cpu_per_mb", "wakeup", "client_delay", "client_cpu", "replica_delay", "clean_load":
		return true
	}
	return false
}

// Draws are n machines that the measurements could as well have come from: the
// profile's parameters from their joint normal law, on the scale of logarithms.
// They carry the error of the calibration into whatever is predicted with them, and
// that another cluster has another life (lifeSpread): the one that was measured, and the
// one that is predicted.
// The same seed gives the same draws. A profile without a calibration is drawn as
// it is.
func (p *Profile) Draws(n int, seed uint64) []scenarios.Hardware {
	draws := make([]scenarios.Hardware, n)
	coordinates := make([]coordinate, len(p.Parameters))
	for i := range p.Parameters {
		c, found := coordinateNamed(p.Parameters[i].Name)
		if !found {
			panic("calibrate: a profile with the unknown parameter " + p.Parameters[i].Name)
		}
		coordinates[i] = c
	}
	root := p.root()
	stream := rng.New(seed, "calibration", "draws")
	for i := range draws {
		z := make([]float64, len(coordinates))
		for k := range z {
			z[k] = min(max(stream.Norm(), -farthest), farthest)
		}
		x := make([]float64, len(coordinates))
		life := math.Sqrt2 * lifeSpread * min(max(stream.Norm(), -farthest), farthest)
		for k := range x {
			x[k] = math.Log(p.Parameters[k].After)
			if ofLife(p.Parameters[k].Name) {
				x[k] += life
			}
			for l := 0; l <= k; l++ {
				x[k] += float64(root.At(k, l) * z[l])
			}
		}
		draws[i] = at(p.Hardware, coordinates, x)
	}
	return draws
}

// root is the lower triangular root of the covariance: that of Cholesky, or where
// rounding has spoilt the matrix that of its diagonal alone.
func (p *Profile) root() mat.Matrix {
	n := len(p.Parameters)
	if n == 0 {
		return mat.NewDense(1, 1, nil)
	}
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for k := range i + 1 {
			s.SetSym(i, k, p.Covariance[i][k])
		}
	}
	var c mat.Cholesky
	if c.Factorize(s) {
		var l mat.TriDense
		c.LTo(&l)
		return &l
	}
	d := mat.NewDense(n, n, nil)
	for i := range n {
		d.Set(i, i, p.Parameters[i].Deviation)
	}
	return d
}
