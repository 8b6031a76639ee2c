// What thin providers load by name. In a checkout Node runs the TypeScript itself; it refuses to in an installed package,
// which brings its build instead.
module.exports = require(__dirname.includes("node_modules") ? "../dist/dynamic-providers/bind.js" : "./bind.ts");
