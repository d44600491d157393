// The official TypeScript client against a server: everything a host would do; prints what it saw as JSON.
// Arguments: the server's URL, and how to agree on a revision ("auto" or "legacy").
import { createHash } from "node:crypto";

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { SkillsClient } from "@modelcontextprotocol/client/ext/skills";

const [url, mode] = process.argv.slice(2);
const seen = { errors: [] };
const client = new Client({ name: "typescript", version: "2" }, { versionNegotiation: { mode } });
client.onerror = (error) => seen.errors.push(String(error));
await client.connect(new StreamableHTTPClientTransport(new URL(url)));

seen.version = client.getNegotiatedProtocolVersion();
seen.server = client.getServerVersion()?.name;
seen.capabilities = client.getServerCapabilities();
seen.tools = (await client.listTools()).tools;
seen.prompts = (await client.listPrompts()).prompts;
seen.resources = (await client.listResources()).resources;
seen.templates = (await client.listResourceTemplates()).resourceTemplates;
seen.called = await client.callTool({ name: "atlas", arguments: { arguments: "Rome" } });
seen.badArgument = await client.callTool({ name: "atlas", arguments: { nothing: "known" } });
seen.prompt = await client.getPrompt({ name: "atlas", arguments: { arguments: "Rome" } });
seen.completion = await client.complete({
  ref: { type: "ref/resource", uri: "skill://{skill}/{+path}" },
  argument: { name: "skill", value: "atl" },
});
seen.unknownTool = await codeOf(client.callTool({ name: "nobody", arguments: {} }));
seen.unknownResource = await codeOf(client.readResource({ uri: "skill://nobody/SKILL.md" }));

const skills = new SkillsClient(client);
seen.skillsSupported = skills.supported;
seen.directoryRead = skills.directoryRead;
seen.files = {};
for (const skill of (await skills.list()).skills) {
  const { skill: got } = await skills.get(skill.uri);
  if (JSON.stringify(got) !== JSON.stringify(skill)) seen.errors.push(`${skill.uri} is listed and got differently`);
  for (const { uri } of skill.resources) {
    const file = await skills.read(skill, uri); // throws where size, digest or frontmatter are others
    if (file.verified) seen.files[uri] = createHash("sha256").update(file.bytes).digest("hex");
  }
}
seen.directory = await directory(skills, "skill://atlas");

if (client.getServerCapabilities().tools.listChanged && client.getProtocolEra() === "modern") seen.changes = await changes();
await client.close();
process.stdout.write(JSON.stringify(seen));

async function codeOf(promise) {
  return promise.then(() => null, (error) => error.code);
}

async function directory(skills, uri) {
  const found = {};
  for (const child of (await skills.readDirectory(uri)).resources) {
    found[child.name] = child.mimeType === "inode/directory" ? await directory(skills, child.uri) : child.mimeType;
  }
  return found;
}

// What an open subscription says after a publication, and what is listed then.
async function changes() {
  const heard = new Set();
  const all = new Promise((resolve) => {
    for (const kind of ["tools", "prompts", "resources"]) {
      client.setNotificationHandler(`notifications/${kind}/list_changed`, () => {
        heard.add(kind);
        if (heard.size === 3) resolve();
      });
    }
  });
  const subscription = await client.listen({
    toolsListChanged: true,
    promptsListChanged: true,
    resourcesListChanged: true,
  });
  await client.callTool({ name: "test_trigger_tool_change", arguments: {} });
  await all;
  const { tools } = await client.listTools();
  await subscription.close();
  return { honored: subscription.honoredFilter, listed: tools.some((tool) => tool.name === "weathervane") };
}
