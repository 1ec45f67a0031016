package calibrate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"kafkasim/models"
	"kafkasim/reports/result"
	"kafkasim/scenarios"
	"kafkasim/sim/rng"
)

// A Simulate runs a scenario's replications, as models.Simulate does.
type Simulate func(ctx context.Context, spec *scenarios.Spec, o models.Options) (*result.Set, error)

// How many replications a simulation of the search has, one of those that say how
// much a replication scatters, and one of those that the final figures come from.
const (
	searchReplications  = 2
	scatterReplications = 6
	finalReplications   = 8
)

// A search looks for the profile whose simulations are nearest to what was
// measured, among those that a change of the coordinates makes of base.
//
// It is damped least squares on logarithms: simulate around where it stands, take
// the figures as linear in the coordinates inside a box, go to the nearest place
// there, and make the box smaller when that was no gain. All simulations draw the
// same random numbers, so that their differences come from the profiles.
type search struct {
	simulate    Simulate
	workers     int
	seed        uint64
	specs       []*scenarios.Spec // on machines of base
	base        scenarios.Hardware
	coordinates []coordinate
	centre      []float64 // where base stands: the prior's mean
	measured    []float64 // logarithms; NaN where there is nothing
	sigma       []float64 // of each difference between simulated and measured
	weights     []float64 // what each difference counts
	progress    func(simulations int)
	done        int
}

// robust is beyond how many of its standard deviations a difference counts less:
// linearly and not squared, so that one figure that no profile can give does not
// rule the others (Huber, Robust Estimation of a Location Parameter, 1964).
const robust = 2.0

// cost is the distance of simulated logarithms from the measured ones, and that of
// their place from the prior's mean, in squared standard deviations.
func (s *search) cost(x, simulated []float64) float64 {
	total := 0.0
	for i := range simulated {
		total += s.weights[i] * huber(s.difference(i, simulated[i]))
	}
	for i, c := range s.coordinates {
		d := (x[i] - s.centre[i]) / c.prior
		total += d * d
	}
	return total
}

// difference is simulated from measured, in standard deviations.
func (s *search) difference(i int, simulated float64) float64 {
	switch {
	case math.IsNaN(s.measured[i]):
		return 0
	case math.IsNaN(simulated):
		return 2 * robust // the profile is so slow that nothing came back
	}
	return (simulated - s.measured[i]) / s.sigma[i]
}

func huber(d float64) float64 {
	if d = math.Abs(d); d > robust {
		return float64(2*robust*d) - robust*robust
	}
	return d * d
}

// predict simulates what the profile at x gives.
func (s *search) predict(ctx context.Context, x []float64, replications int, seed uint64) ([]*result.Set, error) {
	h := at(s.base, s.coordinates, x)
	sets := make([]*result.Set, len(s.specs))
	for i, spec := range s.specs {
		own := *spec.WithHardware(&h)
		own.Replications, own.Seed = replications, seed
		set, err := s.simulate(ctx, &own, models.Options{Plane: "batch", Workers: 1})
		if err != nil {
			return nil, fmt.Errorf("simulate %s: %w", spec.Name, err)
		}
		sets[i] = set
	}
	return sets, nil
}

// all are the logarithms of every figure of every scenario.
func (s *search) all(sets []*result.Set) []float64 {
	var x []float64
	for i, set := range sets {
		x = append(x, logs(s.specs[i], set)...)
	}
	return x
}

// predictAll simulates several places at once, on as many cores as there may be.
func (s *search) predictAll(ctx context.Context, places [][]float64) ([][]float64, error) {
	found := make([][]float64, len(places))
	errs := make([]error, len(places))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(1, min(s.workers, len(places))) {
		workers.Go(func() {
			for i := range next {
				var sets []*result.Set
				if sets, errs[i] = s.predict(ctx, places[i], searchReplications, s.seed); errs[i] == nil {
					found[i] = s.all(sets)
				}
			}
		})
	}
	for i := range places {
		next <- i
	}
	close(next)
	workers.Wait()
	s.done += len(places)
	s.progress(s.done)
	return found, errors.Join(errs...)
}

// Steps and sizes of the search, on the scale of logarithms: the first box is a
// factor of 2.7 to both sides, slopes are taken over at least ±10 %, and a box of
// 5 % is the end.
const (
	firstBox   = 1.0
	widestStep = 0.3
	leastStep  = 0.1
	lastBox    = 0.05
	rounds     = 8
	leastGain  = 0.2  // of cost, in squared standard deviations: less is an end too
	leastShare = 0.01 // of cost: so is this
)

// A stand is where the search is.
type stand struct {
	x         []float64
	simulated []float64
	cost      float64
	box       float64 // how far from here the slopes are believed
}

// looks is how many places the search looks at before it sets out, and starts from
// how many it does: latencies have valleys that lead nowhere, as a machine with
// little work and long delays looks like one at its limits.
const (
	looks  = 24
	starts = 3
)

// begin is where to set out from: the prior's mean, and the best of some draws
// from the prior.
func (s *search) begin(ctx context.Context) ([]stand, error) {
	stream := rng.New(s.seed, "calibration", "looks")
	places := [][]float64{s.centre}
	for range looks - 1 {
		x := slices.Clone(s.centre)
		for i, c := range s.coordinates {
			x[i] += float64(c.prior * stream.Norm())
		}
		places = append(places, x)
	}
	there, err := s.predictAll(ctx, places)
	if err != nil {
		return nil, err
	}
	stands := make([]stand, looks)
	for i := range places {
		stands[i] = stand{places[i], there[i], s.cost(places[i], there[i]), firstBox}
	}
	slices.SortStableFunc(stands[1:], func(a, b stand) int { return cmp.Compare(a.cost, b.cost) })
	return stands[:starts], nil
}

// run looks for the best place and returns it with the slopes there.
func (s *search) run(ctx context.Context) (stand, *mat.Dense, error) {
	from, err := s.begin(ctx)
	if err != nil {
		return stand{}, nil, err
	}
	best := stand{cost: math.Inf(1)}
	for _, here := range from {
		there, err := s.descend(ctx, here)
		if err != nil {
			return stand{}, nil, err
		}
		if there.cost < best.cost {
			best = there
		}
	}
	slopes, err := s.slopes(ctx, best.x, widestStep/2)
	return best, slopes, err
}

// descend goes from one place to the bottom of its valley.
func (s *search) descend(ctx context.Context, here stand) (stand, error) {
	for range rounds {
		slopes, err := s.slopes(ctx, here.x, min(widestStep, max(leastStep, here.box/2)))
		if err != nil {
			return stand{}, err
		}
		next, err := s.advance(ctx, here, slopes)
		if err != nil {
			return stand{}, err
		}
		gained := here.cost - next.cost
		here = next
		if gained < max(leastGain, leastShare*here.cost) {
			break
		}
	}
	return here, nil
}

// advance goes to a better place than here if the slopes lead to one, with ever
// smaller boxes as long as they do not.
func (s *search) advance(ctx context.Context, here stand, slopes *mat.Dense) (stand, error) {
	for ; here.box >= lastBox; here.box /= 3 {
		step, err := s.step(here.x, here.simulated, slopes, here.box)
		if err != nil {
			return stand{}, err
		}
		places := [][]float64{add(here.x, step, 1), add(here.x, step, 0.5)}
		there, err := s.predictAll(ctx, places)
		if err != nil {
			return stand{}, err
		}
		best := here
		for i := range places {
			if cost := s.cost(places[i], there[i]); cost < best.cost {
				best = stand{places[i], there[i], cost, here.box}
			}
		}
		if best.cost < here.cost {
			return best, nil
		}
	}
	return here, nil
}

func add(x, step []float64, share float64) []float64 {
	sum := make([]float64, len(x))
	for i := range x {
		sum[i] = x[i] + float64(share*step[i])
	}
	return sum
}

// slopes are how each figure changes with each coordinate: over h to both sides.
func (s *search) slopes(ctx context.Context, x []float64, h float64) (*mat.Dense, error) {
	var places [][]float64
	for i := range x {
		up, down := slices.Clone(x), slices.Clone(x)
		up[i] += h
		down[i] -= h
		places = append(places, up, down)
	}
	there, err := s.predictAll(ctx, places)
	if err != nil {
		return nil, err
	}
	j := mat.NewDense(len(s.measured), len(x), nil)
	for i := range x {
		for k := range s.measured {
			if slope := (there[2*i][k] - there[2*i+1][k]) / (2 * h); !math.IsNaN(slope) && !math.IsNaN(s.measured[k]) {
				j.Set(k, i, slope)
			}
		}
	}
	return j, nil
}

// step is where the cost would be least inside the box if the figures were linear.
func (s *search) step(x, simulated []float64, slopes *mat.Dense, box float64) ([]float64, error) {
	moved := make([]float64, len(simulated))
	linear := optimize.Problem{
		Func: func(step []float64) float64 {
			follow(moved, simulated, slopes, step)
			cost := s.cost(add(x, step, 1), moved)
			for _, d := range step {
				outside := max(0, math.Abs(d)-box)
				cost += float64(wall * outside * outside)
			}
			return cost
		},
		Grad: func(grad, step []float64) {
			follow(moved, simulated, slopes, step)
			_, pull := s.normal(add(x, step, 1), moved, slopes)
			for i, d := range step {
				outside := math.Copysign(max(0, math.Abs(d)-box), d)
				grad[i] = 2 * (float64(wall*outside) - pull.AtVec(i))
			}
		},
	}
	start := make([]float64, len(x))
	// A line search that cannot gain any more ends with an error too, at the best.
	found, err := optimize.Minimize(linear, start, nil, &optimize.BFGS{})
	if found == nil || !(found.F <= linear.Func(start)) {
		return nil, errors.Join(errors.New("no step: the simulations gave no slopes"), err)
	}
	for i := range found.X {
		found.X[i] = min(max(found.X[i], -box), box)
	}
	return found.X, nil
}

// wall is how steep the cost is outside the box.
const wall = 1e4

// follow moves simulated logarithms along their slopes.
func follow(moved, simulated []float64, slopes *mat.Dense, step []float64) {
	for k := range moved {
		moved[k] = simulated[k]
		for i := range step {
			moved[k] += float64(slopes.At(k, i) * step[i])
		}
	}
}

// normal are half the curvature of the cost at x, for figures that change with
// these slopes, and half its fall.
func (s *search) normal(x, simulated []float64, slopes *mat.Dense) (curvature *mat.SymDense, pull *mat.VecDense) {
	n := len(x)
	curvature, pull = mat.NewSymDense(n, nil), mat.NewVecDense(n, nil)
	for k := range simulated {
		if math.IsNaN(s.measured[k]) {
			continue
		}
		weight := s.weight(k, simulated[k])
		off := s.sigma[k] * s.difference(k, simulated[k])
		for a := range n {
			pull.SetVec(a, pull.AtVec(a)-float64(weight*off*slopes.At(k, a)))
			for b := range a + 1 {
				curvature.SetSym(a, b, curvature.At(a, b)+float64(weight*slopes.At(k, a)*slopes.At(k, b)))
			}
		}
	}
	for i, c := range s.coordinates {
		known := 1 / (c.prior * c.prior)
		curvature.SetSym(i, i, curvature.At(i, i)+known)
		pull.SetVec(i, pull.AtVec(i)+float64(known*(s.centre[i]-x[i])))
	}
	return curvature, pull
}

// weight is what a squared difference of logarithms counts where it is simulated
// so: less beyond robust standard deviations.
func (s *search) weight(k int, simulated float64) float64 {
	weight := s.weights[k] / (s.sigma[k] * s.sigma[k])
	if d := math.Abs(s.difference(k, simulated)); d > robust {
		weight *= robust / d
	}
	return weight
}

// covariance is how uncertain a place is: the inverse of the curvature of the
// cost, of which the slopes give the measurements' part and the prior the rest.
// Where the fit is worse than chance and slack explain, the measurements count
// accordingly less.
func (s *search) covariance(simulated []float64, slopes *mat.Dense) (*mat.SymDense, error) {
	n := len(s.coordinates)
	used, misfit := 0.0, 0.0
	for i := range simulated {
		if !math.IsNaN(s.measured[i]) {
			used += s.weights[i]
			misfit += s.weights[i] * huber(s.difference(i, simulated[i]))
		}
	}
	excess := max(1, misfit/max(1, used-float64(n)))
	curvature, _ := s.normal(s.centre, simulated, slopes)
	for a := range n {
		for b := range a + 1 {
			known := 0.0
			if a == b {
				known = 1 / (s.coordinates[a].prior * s.coordinates[a].prior)
			}
			curvature.SetSym(a, b, (curvature.At(a, b)-known)/excess+known)
		}
	}
	var root mat.Cholesky
	if !root.Factorize(curvature) {
		return nil, errors.New("the parameters' covariance cannot be found: the simulations gave no slopes")
	}
	var inverse mat.SymDense
	if err := root.InverseTo(&inverse); err != nil {
		return nil, fmt.Errorf("the parameters' covariance: %w", err)
	}
	return &inverse, nil
}
