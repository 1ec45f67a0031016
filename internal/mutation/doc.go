// Package mutation holds no code but a test: it breaks the models in ways that
// people break such models, one at a time, and asserts that the tests notice.
package mutation
