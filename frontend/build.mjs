// Bundles the editor into the application's static files, with the licences of what is in it.
import { build } from "esbuild";
import { readFile, readdir, writeFile } from "node:fs/promises";

const target = process.argv[2] ?? "../skills_registry/static/skills_registry/editor";

const { metafile } = await build({
  entryPoints: ["src/editor.js"],
  outfile: `${target}/editor.js`,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  charset: "utf8",
  legalComments: "none",
  metafile: true,
});

const packages = new Set();
for (const path of Object.keys(metafile.inputs)) {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  if (name) packages.add(name);
}
const notices = [];
for (const name of [...packages].sort()) {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  notices.push(`${name} ${version} (${license})\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`);
}
const rule = `\n${"-".repeat(78)}\n\n`;
await writeFile(
  `${target}/LICENSES.txt`,
  `editor.js contains these packages, each under its own licence.\n${rule}${notices.join(rule)}`,
);
