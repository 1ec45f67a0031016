package cluster

// meter adds up what a node used over the lives of its process.
type meter struct{}

func (m *meter) ended() {}
