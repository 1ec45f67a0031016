package result

import "math"

// about turns what a file says of the scenario into an About.
func (f *fileAbout) about(p *problems) About {
	if f == nil {
		return About{} // of a version that did not write it
	}
	a := About{
		Description: f.Description, Text: f.Text, Overrides: f.Overrides,
		Duration: duration(f.Duration), Warmup: duration(f.Warmup),
	}
	if !(f.Duration > 0) || !(f.Warmup >= 0) {
		p.addf("about: the duration or the warmup is no time")
	}
	for i, in := range f.Faults {
		if !(in.At >= 0) || in.Until < in.At {
			p.addf("about: fault %d begins at %v and ends at %v", i+1, in.At, in.Until)
			continue
		}
		out := Fault{At: duration(in.At), Until: NotHealed, Words: in.Words}
		if !math.IsNaN(float64(in.Until)) {
			out.Until = duration(in.Until)
		}
		a.Faults = append(a.Faults, out)
	}
	return a
}

// histogram turns a file's histogram into one.
func (f *fileHistogram) histogram(where string, p *problems) *Histogram {
	if f == nil {
		return nil
	}
	h := &Histogram{Edges: floats(f.Edges), Shares: floats(f.Shares)}
	whole := len(h.Shares) > 0 && len(h.Edges) == len(h.Shares)+1
	for i, edge := range h.Edges {
		whole = whole && !math.IsNaN(edge) && (i == 0 || edge >= h.Edges[i-1])
	}
	for _, share := range h.Shares {
		whole = whole && share >= 0 && share <= 1+1e-9
	}
	if !whole {
		p.addf("%s: the histogram has %d edges and %d shares, or they are in disorder", where, len(h.Edges), len(h.Shares))
		return nil
	}
	return h
}
