// A proxy in front of the local service that records a client's requests.
import { once } from "node:events";
import { createServer } from "node:http";
import { kept, Names } from "./exchange.js";

const HEADERS = ["content-type", "x-amz-target", "x-api-key", "authorization"];

export async function startRecorder(endpoint) {
  const exchanges = [];
  const names = new Names();
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const headers = Object.fromEntries(
      HEADERS.flatMap((header) =>
        request.headers[header] ? [[header, request.headers[header]]] : [],
      ),
    );
    const answer = await fetch(endpoint + request.url, {
      method: request.method,
      headers,
      body: text || undefined,
    });
    const replied = await answer.text();
    const reply = replied ? JSON.parse(replied) : {};
    if (request.method === "POST") {
      const asked = text ? JSON.parse(text) : {};
      const { emailOrPhone, linkChallenge } = asked.variables?.input ?? asked;
      // The typed identifier is the username of a user without an account.
      names.add("identifier", emailOrPhone);
      names.add("link challenge", linkChallenge);
      exchanges.push(kept(names, request.url, headers, asked, answer.status, reply));
      names.learn(reply);
    } else if (request.url === "/inbox.json") {
      for (const { to, code } of reply) if (names.hide(to) !== to) names.add("code", code);
    }
    response.writeHead(answer.status, {
      "content-type": answer.headers.get("content-type") ?? "application/json",
    });
    // Clients that read the configuration come back here.
    response.end(request.url === "/config.json" ? replied.replaceAll(endpoint, url) : replied);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, exchanges, stop: () => server.close() };
}
