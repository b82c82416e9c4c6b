// Package ws carries text frames over WebSocket connections. It knows nothing of
// what the frames mean.
//
// An idle connection costs one goroutine, which waits for the next frame on a
// fresh stack, a small read buffer, and its place in the hub. Nothing else: the
// HTTP handler has returned, one ticker for all connections sends the pings, and
// a goroutine that writes lives only while there is something to write.
//
// Nobody waits for a slow reader. Frames wait in a queue that is bounded in
// bytes, and a connection whose queue overflows is closed with CodeTooSlow.
package ws
