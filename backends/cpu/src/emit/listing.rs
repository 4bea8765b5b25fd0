//! Functions as people read them.

use cranelift_codegen::ir::Function;
use cranelift_codegen::{CompiledCode, Context};
use cranelift_module::{FuncId, Module, ModuleDeclarations, ModuleReloc, ModuleRelocTarget};
use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

/// A form of a program's functions that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Cranelift's intermediate language. Tiles that are not Cranelift's have none.
    Clif,
    /// The machine's instructions, in Intel's syntax on x86 and as Cranelift writes them elsewhere.
    Asm,
}

/// Writes functions down as they are defined.
#[derive(Debug)]
pub(super) struct Recorder {
    form: Listing,
    functions: Vec<(FuncId, String)>,
}

impl Recorder {
    pub(super) fn new(form: Listing) -> Self {
        Recorder { form, functions: Vec::new() }
    }

    /// To be called before a function of Cranelift's is compiled.
    pub(super) fn before(&self, context: &mut Context) {
        context.set_disasm(self.form == Listing::Asm);
    }

    /// To be called when it is.
    pub(super) fn record(&mut self, id: FuncId, context: &Context, module: &dyn Module) {
        let Some(code) = context.compiled_code() else { return };
        let text = match self.form {
            Listing::Clif => context.func.display().to_string(),
            Listing::Asm if is_x86(module) => x86(code.code_buffer(), &targets(id, code, &context.func, module)),
            Listing::Asm => code.vcode.clone().unwrap_or_default(),
        };
        self.functions.push((id, text));
    }

    /// Machine code for x86 that is not Cranelift's.
    pub(super) fn record_bytes(&mut self, id: FuncId, bytes: &[u8]) {
        let text = match self.form {
            Listing::Clif => format!("; {} bytes of machine code that is not Cranelift's\n", bytes.len()),
            Listing::Asm => x86(bytes, &[]),
        };
        self.functions.push((id, text));
    }

    /// All functions, in the order in which they were defined, by their symbols.
    pub(super) fn finish(self, declarations: &ModuleDeclarations) -> String {
        let mut listing = String::new();
        for (id, text) in self.functions {
            let text = with_symbols(text.trim_end(), declarations);
            listing.push_str(&format!("{}:\n{text}\n\n", symbol(declarations, id)));
        }
        listing
    }
}

fn is_x86(module: &dyn Module) -> bool {
    module.isa().name() == "x64"
}

fn symbol(declarations: &ModuleDeclarations, id: FuncId) -> String {
    declarations.get_function_decl(id).linkage_name(id).into_owned()
}

/// Where a function's code refers to others: offset and symbol.
fn targets(id: FuncId, code: &CompiledCode, func: &Function, module: &dyn Module) -> Vec<(u32, String)> {
    let declarations = module.declarations();
    let target = |name: &ModuleRelocTarget| match name {
        ModuleRelocTarget::User { .. } if ModuleDeclarations::is_function(name) => {
            symbol(declarations, FuncId::from_name(name))
        }
        ModuleRelocTarget::User { .. }
        | ModuleRelocTarget::LibCall(_)
        | ModuleRelocTarget::KnownSymbol(_)
        | ModuleRelocTarget::FunctionOffset(..) => name.to_string(),
    };
    let relocs = code.buffer.relocs().iter().map(|reloc| ModuleReloc::from_mach_reloc(reloc, func, id));
    relocs.map(|reloc| (reloc.offset, target(&reloc.name))).collect()
}

/// An instruction a line: its offset, its text, and what it refers to.
fn x86(bytes: &[u8], targets: &[(u32, String)]) -> String {
    let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut listing = String::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        listing.push_str(&format!("{:>6x}  {text}", instruction.ip()));
        let within = instruction.ip()..instruction.next_ip();
        for (_, target) in targets.iter().filter(|(offset, _)| within.contains(&u64::from(*offset))) {
            listing.push_str(&format!("  ; {target}"));
        }
        listing.push('\n');
    }
    listing
}

/// The text with functions' symbols in the place of Cranelift's numbers of them: `u0:7`.
fn with_symbols(text: &str, declarations: &ModuleDeclarations) -> String {
    const NUMBER: &str = "u0:";
    let mut parts = text.split(NUMBER);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let n_digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = part.split_at(n_digits);
        let id = digits.parse().ok().map(FuncId::from_u32);
        match id.filter(|id| declarations.get_functions().any(|(other, _)| other == *id)) {
            Some(id) => named.push_str(&format!("%{}", symbol(declarations, id))),
            None => named.push_str(&format!("{NUMBER}{digits}")),
        }
        named.push_str(rest);
    }
    named
}
