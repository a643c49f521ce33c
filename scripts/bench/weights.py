"""Writes a quantised GGUF file's weights as float32: weights.py FILE.gguf FOLDER [gguf].

FOLDER/model.gguf is the same file with every tensor dequantised, for llama.cpp;
FOLDER/model.safetensors with config.json is the same model for transformers, read
and converted by transformers itself, so that nothing about the order of its query
and key rows is ours. With "gguf" only the first is written.
"""

import sys
from pathlib import Path

import gguf
import torch
from gguf.quants import dequantize
from transformers import AutoModelForCausalLM


def write_gguf(source: Path, target: Path) -> None:
    reader = gguf.GGUFReader(source)
    names = gguf.Keys.General
    writer = gguf.GGUFWriter(target, arch=reader.get_field(names.ARCHITECTURE).contents())
    for field in reader.fields.values():
        # The first three are what the writer puts in itself.
        if field.name.startswith("GGUF.") or field.name in (names.ARCHITECTURE, names.FILE_TYPE):
            continue
        kind, item = field.types[0], None
        if kind == gguf.GGUFValueType.ARRAY:
            item = field.types[-1]
        writer.add_key_value(field.name, field.contents(), kind, sub_type=item)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, dequantize(tensor.data, tensor.tensor_type))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_safetensors(source: Path, folder: Path) -> None:
    read = AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
    # transformers takes what it dequantised for quantised still, and does not save it.
    del read.config.quantization_config
    plain = AutoModelForCausalLM.from_config(read.config)
    plain.load_state_dict(read.state_dict())
    plain.save_pretrained(folder)


def main(source: Path, folder: Path, only: str = "") -> None:
    folder.mkdir(parents=True)
    write_gguf(source, folder / "model.gguf")
    if only != "gguf":
        write_safetensors(source, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
