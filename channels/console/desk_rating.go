package console

import (
	"context"
	"net/http"

	"faqbot/bot/staff"
)

// BadRating is a rating that a supervisor should look into.
type BadRating struct {
	Item    Item     `json:"item"`
	Stars   int      `json:"stars" doc:"1 到 5；0 表示没有打分"`
	Solved  *bool    `json:"solved,omitempty"`
	Tags    []string `json:"tags" nullable:"false"`
	Comment string   `json:"comment"`
	At      int64    `json:"at"`
}

// BadRatings are those of the last days, the last ones first.
type BadRatings struct {
	Ratings []BadRating `json:"ratings" nullable:"false"`
}

func (c *Console) addDeskRatings() {
	addDesk(c, operation{
		id: "badRatings", method: http.MethodGet, path: "/board/ratings", who: needs(staff.SuperviseDesk), summary: "最近的差评",
	}, c.badRatings)
}

func (c *Console) badRatings(ctx context.Context, who call, _ *none) (*body[BadRatings], error) {
	bad, err := c.desk.BadRatings(ctx, who.actor())
	if err != nil {
		return nil, err
	}
	wire := BadRatings{Ratings: make([]BadRating, len(bad))}
	for i, r := range bad {
		wire.Ratings[i] = BadRating{
			Item: itemOf(&r.Conversation), Stars: r.Stars, Solved: r.Solved, Tags: append([]string{}, r.Tags...),
			Comment: r.Comment, At: millis(r.At),
		}
	}
	return &body[BadRatings]{wire}, nil
}
