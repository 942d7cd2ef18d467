// node send.mjs PORT MESSAGES CONNECTIONS [KEY]: sends Bulletin's own mail, made each reader's own by
// joining fragments that were split beforehand.
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [port, messages, connections, key] = process.argv.slice(2);
const domain = "news.example.org";

// What is each reader's own in the mail: the name, and the token in the link to leave by.
const split = (name) => readFileSync(name, "utf8").split(/(Reader 1\b|\bPREVIEW\b)/);
const [html, text] = [split("mail.html"), split("mail.txt")];
if (html.length < 5 || text.length < 5) throw new Error("the mail has no name or no link to leave by");

const token = (number) => String(number).padStart(48, "x");
const own = (part, number) => (part === "PREVIEW" ? token(number) : `Reader ${number}`);
const fill = (parts, number) => parts.map((part, at) => (at % 2 ? own(part, number) : part)).join("");

const dkim = key && { domainName: domain, keySelector: "rsa", privateKey: readFileSync(key, "utf8") };
const transport = nodemailer.createTransport({
  pool: true,
  host: "127.0.0.1",
  port: Number(port),
  secure: false,
  ignoreTLS: true,
  maxConnections: Number(connections),
  maxMessages: 1000,
  ...(dkim && { dkim }),
});

const send = (number) =>
  transport.sendMail({
    from: `Measured <bulletin@${domain}>`,
    to: `Reader ${number} <reader${number}@example.com>`,
    replyTo: "coordinator@example.org",
    subject: "A long read",
    html: fill(html, number),
    text: fill(text, number),
    headers: {
      "List-Unsubscribe": `<https://${domain}/unsubscribe/${token(number)}>`,
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    },
  });

// As many in hand as keep every connection busy.
let next = 1;
const hand = async () => {
  while (next <= Number(messages)) await send(next++);
};
await Promise.all(Array.from({ length: 2 * Number(connections) }, hand));
transport.close();
