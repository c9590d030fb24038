# The program that brings the database to the newest schema, as `node deploy/bundle.ts` writes it.
FROM node:24-bookworm-slim
WORKDIR /app
COPY . .
RUN npm ci --omit=dev --no-audit --no-fund
USER node
CMD ["node", "."]
