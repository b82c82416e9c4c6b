# The program in one static file, as a user without rights, knowledge in /data:
#
#   docker build -t faqbot .
#   docker run --rm -p 8080:8080 -v faqbot:/data faqbot
#   docker run --rm -it faqbot ask
#   docker run --rm -v faqbot:/data -v "$PWD:/files:ro" faqbot import /files/knowledge.xlsx

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The program carries its time zones: the image below has none.
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /image/bin/faqbot ./cmd/faqbot \
 && mkdir -p /image/data /image/tmp /image/etc/ssl/certs \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/

FROM scratch
COPY --from=build --chown=65532:65532 /image/ /
USER 65532:65532
ENV FAQBOT_DATABASE=/data/faqbot.db FAQBOT_LISTEN=:8080
EXPOSE 8080
VOLUME /data
WORKDIR /data
ENTRYPOINT ["/bin/faqbot"]
CMD ["serve"]
