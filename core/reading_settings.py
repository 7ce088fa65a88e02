"""Settings of what comes in: files that are read, websites that are visited."""

from pydantic import BaseModel, Field


class ReadingSettings(BaseModel):
    """The processes that read foreign files."""

    in_child: bool = Field(
        default=True,
        description="Read files in a process of their own, with limits; false only where none can be started",
    )
    memory_megabytes: int = Field(
        default=1024, ge=384, le=65536, description="Address space of that process, its libraries included"
    )
    seconds: int = Field(
        default=60, ge=1, le=3600, description="Time for one document, of the clock and of the processor"
    )
    ocr: bool = Field(
        default=True,
        description="Let that process start Tesseract, where it is installed, and write into its own folder",
    )
    ocr_seconds: int = Field(
        default=600, ge=1, le=36000, description="Time for one PDF where Tesseract may be started"
    )


class CrawlSettings(BaseModel):
    """Reading websites."""

    allow_private: tuple[str, ...] = Field(
        default=(),
        description="Hosts and networks of the inner network that may be read, as JSON: "
        '["intranet.example", "10.1.0.0/16"]',
    )
    ports: tuple[int, ...] = Field(
        default=(80, 443), description="Ports that may be called, as JSON: [80, 443]"
    )
    user_agent: str = Field(
        default="Percorso/0.1 (customer-care assistant)",
        min_length=3,
        max_length=200,
        pattern=r"^[\x20-\x7e]+$",
        description="How the crawler introduces itself; robots.txt rules for its first word apply",
    )
    pages: int = Field(default=500, ge=1, le=20_000, description="Most pages of one website")
    depth: int = Field(default=10, ge=0, le=50, description="Most links from the start to a page")
    page_megabytes: float = Field(default=5, gt=0, le=50, description="Largest page read")
    document_megabytes: float = Field(default=25, gt=0, le=200, description="Largest linked document read")
    total_megabytes: float = Field(default=500, gt=0, description="Most that one run may receive")
    run_seconds: float = Field(default=3600, gt=0, description="Longest run")
    page_seconds: float = Field(default=20, gt=0, le=300, description="Longest wait for one page")
    delay_seconds: float = Field(default=0.5, ge=0, le=60, description="Pause between two pages of a website")
    check_seconds: float = Field(
        default=30, gt=0, description="How often to look whether a website is due to be read again"
    )
