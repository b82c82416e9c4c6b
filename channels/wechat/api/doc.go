// Package api calls the platform's API: 客服消息, media, the menu. A Client serves
// one account; all Clients of an account, on all nodes, share its access token.
//
// Errors are *Error if the platform refused or cannot be reached, ErrUnknown if a
// message may have arrived or not, and others if nothing was sent at all. None of
// them holds a secret or a token.
package api
