package intent

import _ "embed"

//go:embed model.json
var defaultModel []byte

// DefaultModel returns the model that ships with the program; see its FittedOn.
func DefaultModel() (*Model, error) { return ParseModel(defaultModel) }
