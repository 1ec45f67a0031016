package main

import "errors"

// Exit codes. Scripts depend on them.
const (
	exitDone         = 0   // and no objective failed
	exitBroken       = 1   // something broke
	exitUsage        = 2   // wrong arguments
	exitInconclusive = 98  // an objective is inconclusive or has no data
	exitFailed       = 99  // an objective failed
	exitInvalid      = 104 // the scenario is invalid
	exitInterrupted  = 130 // by a signal
)

// A codedError ends the program with a code of its own. Its text may be empty
// where all has been said.
type codedError struct {
	code int
	err  error // may be nil
}

// Error is the text of the error within.
func (e *codedError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unwrap is the error within.
func (e *codedError) Unwrap() error { return e.err }

// usage makes err one of wrong arguments; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &codedError{exitUsage, err}
}

// ended ends the program with a code and without words.
func ended(code int) error {
	if code == exitDone {
		return nil
	}
	return &codedError{code: code}
}

// exitCode is the code that err asks for.
func exitCode(err error) int {
	if coded, is := errors.AsType[*codedError](err); is {
		return coded.code
	}
	return exitBroken
}
