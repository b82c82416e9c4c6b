package console

// CSRFToken is the token of the session with the secret.
var CSRFToken = csrfToken
