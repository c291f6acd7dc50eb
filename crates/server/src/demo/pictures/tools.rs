//! Scales, thermometers, papers, and what keeps things clean.

use super::pen::{COFFEE_DARK, WALNUT, digits, shadow, shine};

/// A flat scale for brewing: weight and time side by side.
pub fn brew_scale() -> String {
    let shadow = shadow(372.0, 268.0);
    let shown = digits("18.0 0:32", 452.0, 569.0, 22.0, "#F3B27A");
    format!(
        r##"{shadow}
        <path d="M 162 466 H 582 L 642 548 H 102 Z" fill="#4B524A"/>
        <path d="M 182 478 H 562 L 606 536 H 138 Z" fill="#565D55"/>
        <path d="M 186 480 H 380 L 330 534 H 144 Z" fill="#FFF" fill-opacity=".06"/>
        <path d="M 102 546 H 642 V 584 Q 642 606 620 606 H 124 Q 102 606 102 584 Z" fill="url(#black-v)"/>
        <rect x="432" y="558" width="186" height="42" rx="9" fill="#0F110D"/>
        {shown}
        <circle cx="150" cy="580" r="9" fill="{WALNUT}"/><path d="M 180 580 h 30" stroke="#FFF" stroke-opacity=".28" stroke-width="6" stroke-linecap="round"/>"##
    )
}

/// The plain kitchen scale with its round plate.
pub fn kitchen_scale() -> String {
    let shadow = shadow(372.0, 206.0);
    let shown = digits("250", 330.0, 540.0, 32.0, "#2F3A2D");
    format!(
        r##"{shadow}
        <path d="M 196 494 H 548 L 576 580 Q 580 606 554 606 H 190 Q 164 606 168 580 Z" fill="url(#ceramic)"/>
        <rect x="304" y="526" width="136" height="60" rx="10" fill="#D9E0D0"/>
        {shown}
        <circle cx="238" cy="558" r="14" fill="#CDBEAA"/><circle cx="506" cy="558" r="14" fill="{WALNUT}"/>
        <rect x="320" y="466" width="104" height="34" fill="#A79C8B"/>
        <path d="M 128 440 C 150 480 594 480 616 440 L 600 452 Q 500 486 372 486 Q 244 486 144 452 Z" fill="#8F887D"/>
        <ellipse cx="372" cy="440" rx="244" ry="32" fill="url(#steel)"/>
        <ellipse cx="372" cy="437" rx="212" ry="24" fill="#FFF" fill-opacity=".2"/>"##
    )
}

/// The small scale that fits under a cup, with a cup on it.
pub fn espresso_scale() -> String {
    let shadow = shadow(372.0, 208.0);
    let shown = digits("36.2", 466.0, 565.0, 24.0, "#F3B27A");
    format!(
        r##"{shadow}
        <path d="M 210 486 H 534 L 578 542 H 166 Z" fill="#D8D2C8"/>
        <path d="M 166 540 H 578 V 584 Q 578 606 556 606 H 188 Q 166 606 166 584 Z" fill="url(#steel)"/>
        <rect x="446" y="552" width="114" height="46" rx="9" fill="#171A15"/>
        {shown}
        <circle cx="206" cy="576" r="9" fill="{WALNUT}"/>
        <ellipse cx="352" cy="518" rx="92" ry="12" fill="#000" fill-opacity=".16"/>
        <path d="M 434 372 C 492 358 520 392 508 424 C 498 450 460 456 422 446" fill="none" stroke="#E9DFCF" stroke-width="19"/>
        <path d="M 240 344 H 452 C 452 420 440 486 404 508 Q 392 516 374 516 H 318 Q 300 516 288 508 C 252 486 240 420 240 344 Z" fill="url(#ceramic)"/>
        <ellipse cx="346" cy="344" rx="106" ry="19" fill="#E9DFCF"/>
        <ellipse cx="346" cy="346" rx="93" ry="14" fill="{COFFEE_DARK}"/>
        <ellipse cx="342" cy="345" rx="74" ry="9" fill="#A06A3E"/>"##
    )
}

/// A dial on a long probe.
pub fn dial_thermometer() -> String {
    let shadow = shadow(372.0, 62.0);
    format!(
        r##"{shadow}
        <path d="M 362 330 H 382 L 378 596 Q 372 610 366 596 Z" fill="url(#steel)"/>
        <path d="M 318 444 H 426 L 420 474 H 394 V 508 H 380 V 474 H 318 Z" fill="#8F887D"/>
        <rect x="342" y="318" width="60" height="44" rx="9" fill="url(#steel)"/>
        <circle cx="372" cy="216" r="128" fill="url(#steel)"/>
        <circle cx="372" cy="216" r="108" fill="#FCF8F0"/>
        <path d="M 312 286 A 92 92 0 0 1 290 172" fill="none" stroke="#B9CEDA" stroke-width="15" stroke-linecap="round"/>
        <path d="M 302 156 A 92 92 0 0 1 420 138" fill="none" stroke="#E9C36B" stroke-width="15" stroke-linecap="round"/>
        <path d="M 440 154 A 92 92 0 0 1 432 286" fill="none" stroke="#B35C2D" stroke-width="15" stroke-linecap="round"/>
        <path d="M 372 216 L 432 168" stroke="#252924" stroke-width="10" stroke-linecap="round"/>
        <circle cx="372" cy="216" r="15" fill="#252924"/>
        <path d="M 288 158 A 104 104 0 0 1 340 118" fill="none" stroke="#FFF" stroke-opacity=".8" stroke-width="8" stroke-linecap="round"/>"##
    )
}

/// The digital one, its probe folded out.
pub fn digital_thermometer() -> String {
    let shadow = shadow(360.0, 210.0);
    let shown = digits("93", 366.0, 452.0, 54.0, "#2F3A2D");
    format!(
        r##"{shadow}
        <path d="M 168 590 L 148 232 Q 150 214 166 232 L 236 560 Z" fill="url(#steel)"/>
        <path d="M 232 400 H 552 Q 592 400 592 440 V 566 Q 592 606 552 606 H 206 Q 160 606 160 560 V 548 Q 160 510 190 476 Q 212 400 232 400 Z" fill="url(#ember)"/>
        <rect x="334" y="430" width="160" height="100" rx="14" fill="#DDE3D0"/>
        {shown}
        <circle cx="462" cy="462" r="9" fill="none" stroke="#2F3A2D" stroke-width="6"/>
        <circle cx="222" cy="544" r="34" fill="#85401E"/><circle cx="222" cy="544" r="20" fill="url(#steel)"/>
        <circle cx="544" cy="468" r="15" fill="#FBF5EA"/><circle cx="544" cy="520" r="15" fill="#85401E"/>
        <path d="M 256 424 H 540" stroke="#FFF" stroke-opacity=".24" stroke-width="12" stroke-linecap="round"/>"##
    )
}

/// A wooden scoop full of grounds.
pub fn scoop() -> String {
    let shadow = shadow(372.0, 240.0);
    let shine = shine("M 182 552 C 200 578 230 590 262 594", 12.0);
    format!(
        r##"{shadow}
        <path d="M 380 520 L 642 428 Q 676 420 684 446 Q 690 470 662 482 L 404 568 Z" fill="url(#walnut)"/>
        <circle cx="654" cy="454" r="11" fill="#5C3A1E"/>
        <path d="M 420 520 L 620 450" stroke="#FFF" stroke-opacity=".26" stroke-width="9" stroke-linecap="round"/>
        <path d="M 132 498 H 424 C 428 562 380 606 278 606 C 176 606 128 562 132 498 Z" fill="url(#walnut)"/>
        <ellipse cx="278" cy="498" rx="146" ry="36" fill="#8A5730"/>
        <path d="M 146 496 C 190 440 240 424 284 426 C 340 428 380 456 410 496 C 370 524 186 524 146 496 Z" fill="{COFFEE_DARK}"/>
        <path d="M 206 478 h 3 M 236 458 h 3 M 262 482 h 3 M 290 452 h 3 M 316 480 h 3 M 346 466 h 3 M 240 500 h 3 M 300 502 h 3 M 360 494 h 3" stroke="#8A583B" stroke-width="8" stroke-linecap="round"/>
        {shine}"##
    )
}

/// A brush for burrs.
pub fn brush() -> String {
    let shadow = shadow(388.0, 224.0);
    format!(
        r##"{shadow}
        <g transform="rotate(-24 372 470)">
        <path d="M 352 442 H 640 Q 668 442 668 470 Q 668 498 640 498 H 352 Z" fill="url(#walnut-v)"/>
        <circle cx="638" cy="470" r="9" fill="#5C3A1E"/>
        <path d="M 372 456 H 606" stroke="#FFF" stroke-opacity=".25" stroke-width="8" stroke-linecap="round"/>
        <path d="M 290 428 H 360 V 512 H 290 Q 278 512 278 500 V 440 Q 278 428 290 428 Z" fill="url(#copper-v)"/>
        <path d="M 280 436 C 220 424 150 418 102 410 Q 90 470 104 530 C 150 522 220 516 280 504 Z" fill="#D9C6A5"/>
        <path d="M 276 446 L 106 424 M 276 458 L 98 446 M 276 470 L 98 470 M 276 482 L 98 494 M 276 494 L 106 516" stroke="#A08259" stroke-opacity=".7" stroke-width="5"/>
        </g>"##
    )
}

/// Cone papers, a stack of them; `paper` and `edge` are its colours.
pub fn cone_filters(paper: &str, edge: &str, is_large: bool) -> String {
    let shadow = shadow(372.0, 176.0);
    let sheets: String = (0..if is_large { 6 } else { 4 })
        .rev()
        .map(|i| {
            let d = f64::from(i) * 10.0;
            format!(
                r##"<path d="M {l} {t} H {r} L {br} 590 Q {bq} 600 {bl} 600 H {k} Z" fill="{paper}" stroke="{edge}" stroke-width="4" stroke-linejoin="round"/>"##,
                l = 190.0 + d,
                t = 196.0 + d * 0.8,
                r = 518.0 + d,
                br = 418.0 + d * 0.6,
                bq = 414.0 + d * 0.6,
                bl = 404.0 + d * 0.6,
                k = 312.0 + d * 0.4,
            )
        })
        .collect();
    format!(
        r##"{shadow}{sheets}
        <path d="M 196 204 L 316 588" stroke="{edge}" stroke-width="9" stroke-opacity=".55"/>
        <path d="M 208 202 L 326 580" stroke="{edge}" stroke-width="3" stroke-dasharray="9 8"/>
        <path d="M 318 580 H 406" stroke="{edge}" stroke-width="3" stroke-dasharray="9 8"/>"##
    )
}

/// The square-folded papers of the hourglass carafe.
pub fn square_filters() -> String {
    let shadow = shadow(372.0, 196.0);
    let sheets: String = (0..5)
        .rev()
        .map(|i| {
            let d = f64::from(i) * 9.0;
            format!(
                r##"<path d="M {l} {b} L {x} {t} L {r} {b} Q 372 {low} {l} {b} Z" fill="#FFFBF3" stroke="#DACBB2" stroke-width="4" stroke-linejoin="round"/>"##,
                l = 176.0 + d,
                x = 364.0 + d,
                r = 552.0 + d,
                t = 196.0 + d * 0.9,
                b = 560.0 + d * 0.4,
                low = 640.0 + d * 0.2,
            )
        })
        .collect();
    format!(
        r##"{shadow}{sheets}
        <path d="M 364 204 L 300 586 M 364 204 L 430 586" stroke="#DACBB2" stroke-width="4" stroke-opacity=".8"/>"##
    )
}

/// A pouch of sachets with a drop on it.
pub fn descaler() -> String {
    let shadow = shadow(372.0, 158.0);
    format!(
        r##"{shadow}
        <path d="M 232 186 H 512 V 572 Q 516 606 484 606 H 260 Q 228 606 232 572 Z" fill="url(#sky)"/>
        <path d="M 232 186 H 512 V 246 H 232 Z" fill="#8AA5B5" fill-opacity=".55"/>
        <path d="M 236 206 H 508" stroke="#FFF" stroke-opacity=".6" stroke-width="5" stroke-dasharray="11 9"/>
        <path d="M 258 264 V 568" stroke="#FFF" stroke-opacity=".5" stroke-width="14" stroke-linecap="round"/>
        <rect x="290" y="316" width="164" height="206" rx="6" fill="#FBF8F2"/>
        <path d="M 372 346 C 392 382 412 402 412 428 A 40 40 0 0 1 332 428 C 332 402 352 382 372 346 Z" fill="#5F8AA3"/>
        <path d="M 350 430 A 22 22 0 0 0 366 450" fill="none" stroke="#FFF" stroke-opacity=".8" stroke-width="7" stroke-linecap="round"/>
        <path d="M 320 494 H 424" stroke="#5F8AA3" stroke-width="7" stroke-linecap="round"/>"##
    )
}

/// A jar of cleaning tablets.
pub fn tablets() -> String {
    let shadow = shadow(350.0, 160.0);
    format!(
        r##"{shadow}
        <path d="M 226 282 H 474 Q 486 282 486 296 V 570 Q 486 606 450 606 H 250 Q 214 606 214 570 V 296 Q 214 282 226 282 Z" fill="url(#ceramic)"/>
        <rect x="204" y="206" width="292" height="82" rx="18" fill="url(#green)"/>
        <path d="M 226 224 V 272 M 252 224 V 272 M 278 224 V 272 M 304 224 V 272 M 330 224 V 272 M 356 224 V 272 M 382 224 V 272 M 408 224 V 272 M 434 224 V 272 M 460 224 V 272" stroke="#1C281D" stroke-opacity=".35" stroke-width="6" stroke-linecap="round"/>
        <path d="M 214 350 H 486 V 520 H 214 Z" fill="#DDE6D8"/>
        <circle cx="306" cy="436" r="36" fill="#FFF"/><circle cx="306" cy="436" r="36" fill="none" stroke="#3E513C" stroke-width="5"/><path d="M 282 436 H 330" stroke="#3E513C" stroke-width="5"/>
        <path d="M 372 418 H 452 M 372 448 H 428" stroke="#3E513C" stroke-width="8" stroke-linecap="round"/>
        <path d="M 240 304 V 340 M 240 532 V 574" stroke="#FFF" stroke-opacity=".8" stroke-width="12" stroke-linecap="round"/>
        <ellipse cx="560" cy="592" rx="50" ry="14" fill="#FBF8F2"/><path d="M 510 592 v 8 q 0 14 50 14 q 50 0 50 -14 v -8 q -4 14 -50 14 q -46 0 -50 -14 Z" fill="#D9CFC0"/>
        <ellipse cx="540" cy="566" rx="46" ry="13" fill="#FFF"/><path d="M 494 566 v 8 q 0 13 46 13 q 46 0 46 -13 v -8 q -4 13 -46 13 q -42 0 -46 -13 Z" fill="#D9CFC0"/>"##
    )
}
