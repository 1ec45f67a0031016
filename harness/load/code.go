package load

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafkasim/harness/journal"
)

// codeOf is how the journal knows an error.
func codeOf(err error) int16 {
	var answer *kerr.Error
	var loss *kgo.ErrDataLoss
	var operation *net.OpError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, kgo.ErrRecordTimeout), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return journal.CodeTimedOut
	case errors.Is(err, kgo.ErrRecordRetries):
		return journal.CodeRetries
	case errors.Is(err, kgo.ErrMaxBuffered):
		return journal.CodeBufferFull
	case errors.Is(err, kgo.ErrClientClosed):
		return journal.CodeClosed
	case errors.Is(err, context.Canceled):
		return journal.CodeCanceled
	case errors.As(err, &loss):
		return journal.CodeDataLoss
	case errors.As(err, &answer):
		return answer.Code
	case kgo.IsRetryableBrokerErr(err), errors.As(err, &operation), isFirstReadEOF(err):
		return journal.CodeConnection
	}
	return journal.CodeOther
}

// isFirstReadEOF reports whether a broker closed the connection before it had
// answered anything.
func isFirstReadEOF(err error) bool {
	var first *kgo.ErrFirstReadEOF
	return errors.As(err, &first)
}
