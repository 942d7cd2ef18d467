// node mjml.mjs PACKAGES FILE: how many times a second the reference compiler makes HTML of an MJML
// file, once it is warm.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [packages, file] = process.argv.slice(2);
const mjml = createRequire(`${packages}/`)("mjml");
const compile = mjml.default ?? mjml;
const source = readFileSync(file, "utf8");

const compileFor = async (milliseconds) => {
  const started = performance.now();
  let count = 0;
  for (; performance.now() - started < milliseconds; count++) await compile(source, { fonts: {} });
  return (count * 1000) / (performance.now() - started);
};
await compileFor(3000);
console.log(await compileFor(3000));
