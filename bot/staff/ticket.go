package staff

import (
	"context"
	"time"
)

// ticketLife is how long a ticket is good.
const ticketLife = 30 * time.Second

// Ticket returns what opens one socket for the session, within the next half
// minute: 256 random bits that nobody can guess and that are worth nothing with
// another session.
func (s *Service) Ticket(ctx context.Context, id Identity) (string, error) {
	ticket, proof := newSecret()
	now := s.now()
	err := s.store.PutTicket(ctx, Ticket{Proof: proof, Session: id.Session, Until: now.Add(ticketLife)}, now)
	if err != nil {
		return "", wrap("store a ticket", err)
	}
	return ticket, nil
}

// Redeem uses a ticket up. It returns ErrTicket if it is not one of the session, has
// been used or is over. Whoever shows a ticket has used it, even in vain.
func (s *Service) Redeem(ctx context.Context, id Identity, ticket string) error {
	found, err := s.store.TakeTicket(ctx, proofOf(ticket))
	if err == nil && (found.Session != id.Session || !s.now().Before(found.Until)) {
		err = ErrTicket
	}
	return wrap("redeem a ticket", err)
}
