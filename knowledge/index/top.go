package index

import "slices"

// top keeps the best candidates it is offered. Equal scores at the limit are
// told apart by id, which is read for these alone, and only at the end.
type top struct {
	limit int
	heap  []scored // the worst is first
	tied  []scored // as good as the worst
}

// scored is a candidate that nobody has asked for its id yet. It is small and has
// no pointers, since many are moved about to find the few best.
type scored struct {
	n          uint32
	sum, score float32
}

// enough returns a sum that no candidate may be at or below to be worth offering,
// if its score is at most factor times its sum.
func (t *top) enough(factor float32) float32 {
	if len(t.heap) < t.limit {
		return 0
	}
	return t.heap[0].score / factor * 0.999 // the score may be rounded up
}

func (t *top) offer(n uint32, sum, score float32) {
	c := scored{n: n, sum: sum, score: score}
	if len(t.heap) < t.limit {
		t.heap = append(t.heap, c)
		t.up(len(t.heap) - 1)
		return
	}
	worst := t.heap[0]
	switch {
	case score < worst.score:
		return
	case score == worst.score:
		t.tied = append(t.tied, c)
		return
	}
	t.heap[0] = c
	t.down(0)
	if t.heap[0].score > worst.score {
		t.tied = t.tied[:0]
	} else {
		t.tied = append(t.tied, worst)
	}
}

func (t *top) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if t.heap[parent].score <= t.heap[i].score {
			return
		}
		t.heap[parent], t.heap[i] = t.heap[i], t.heap[parent]
		i = parent
	}
}

func (t *top) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.heap) {
			return
		}
		if child+1 < len(t.heap) && t.heap[child+1].score < t.heap[child].score {
			child++
		}
		if t.heap[i].score <= t.heap[child].score {
			return
		}
		t.heap[i], t.heap[child] = t.heap[child], t.heap[i]
		i = child
	}
}

// take returns the best candidates with their ids, in no order.
func (t *top) take(fresh bool, id func(n uint32) (string, error)) ([]candidate, error) {
	list := make([]candidate, 0, len(t.heap)+len(t.tied))
	for _, s := range [][]scored{t.heap, t.tied} {
		for _, c := range s {
			name, err := id(c.n)
			if err != nil {
				return nil, err
			}
			list = append(list, candidate{n: c.n, fresh: fresh, sum: c.sum, score: c.score, id: name})
		}
	}
	if len(t.tied) == 0 {
		return list, nil
	}
	slices.SortFunc(list, order)
	return list[:t.limit], nil
}
