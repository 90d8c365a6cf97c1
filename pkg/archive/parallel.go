package archive

import (
	"context"
	"iter"
)

// workers is how many requests to the store are under way at once.
const workers = 8

// parallel yields f of each input, in order, some of them ahead of time. It stops after the first error, and has stopped all
// of its work when it returns.
func parallel[In, Out any](ctx context.Context, in iter.Seq2[In, error], f func(context.Context, In) (Out, error)) iter.Seq2[Out, error] {
	type result struct {
		out Out
		err error
	}
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		queue := make(chan chan result, workers)
		begin := func(work func() (Out, error)) bool {
			slot := make(chan result, 1)
			select {
			case queue <- slot:
			case <-ctx.Done():
				return false
			}
			go func() {
				var r result
				r.out, r.err = work()
				slot <- r
			}()
			return true
		}
		go func() {
			defer close(queue)
			for item, err := range in {
				if !begin(func() (Out, error) {
					if err != nil {
						var none Out
						return none, err
					}
					return f(ctx, item)
				}) {
					return
				}
			}
		}()
		defer func() {
			cancel()
			for slot := range queue {
				<-slot
			}
		}()
		for slot := range queue {
			r := <-slot
			if !yield(r.out, r.err) || r.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			var none Out
			yield(none, err)
		}
	}
}
