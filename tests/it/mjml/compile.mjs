// node compile.mjs PACKAGES: compiles each MJML of standard input, a JSON list of texts, by the
// reference compiler, without fonts from anywhere, and says what came of it and what it complains of.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const mjml = createRequire(`${process.argv[2]}/`)("mjml");
const compile = mjml.default ?? mjml;

const compiled = [];
for (const source of JSON.parse(await text(process.stdin))) {
  const { html, errors } = await compile(source, { fonts: {}, validationLevel: "soft" });
  compiled.push({ html, errors: errors.map((error) => error.formattedMessage) });
}
console.log(JSON.stringify(compiled));
