// The TypeScript client that most hosts use still (1.x, revisions up to 2025-11-25); prints what it saw as JSON.
// Argument: the server's URL.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const seen = { errors: [] };
const client = new Client({ name: "typescript", version: "1" });
client.onerror = (error) => seen.errors.push(String(error));
const transport = new StreamableHTTPClientTransport(new URL(process.argv[2]));
await client.connect(transport);

seen.version = transport.protocolVersion;
seen.session = Boolean(transport.sessionId);
seen.server = client.getServerVersion()?.name;
seen.pong = await client.ping();
seen.tools = (await client.listTools()).tools;
seen.prompts = (await client.listPrompts()).prompts;
seen.resources = (await client.listResources()).resources;
seen.templates = (await client.listResourceTemplates()).resourceTemplates;
seen.called = await client.callTool({ name: "atlas", arguments: { arguments: "Rome" } });
seen.prompt = await client.getPrompt({ name: "atlas", arguments: { arguments: "Rome" } });
seen.read = (await client.readResource({ uri: "skill://atlas/references/europe/rome.md" })).contents;
seen.unknownTool = await client.callTool({ name: "nobody", arguments: {} }).then(() => null, (error) => error.code);
await transport.terminateSession(); // 405 where sessions are not kept, which the client takes for done
await client.close();
process.stdout.write(JSON.stringify(seen));
