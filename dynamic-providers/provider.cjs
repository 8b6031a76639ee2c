const { subscribe } = require("node:diagnostics_channel");

// What thin providers load by name. In a checkout Node runs the TypeScript itself; it refuses to in an installed package,
// which brings its build instead.
const code = require(__dirname.includes("node_modules") ? "../dist/dynamic-providers/bind.js" : "./bind.ts");

// On Ctrl-C the engine calls Cancel, which the SDK's server of dynamic providers answers and tells nobody (facts on dynamic
// providers 5). The signal itself never comes here: the engine gives its providers process groups of their own.
subscribe("http2.server.stream.start", ({ headers }) => {
  if (headers[":path"] === "/pulumirpc.ResourceProvider/Cancel") code.interrupt();
});

// A call that is cut off with its connection: the engine was killed, and nobody will hear what this process does. The next
// run shall not meet it.
subscribe("http2.server.stream.close", ({ stream }) => {
  if (!stream.aborted || !stream.session?.socket?.destroyed) return;
  code.interrupt();
  setTimeout(() => process.exit(), code.graceSeconds * 1000);
});

module.exports = code;
